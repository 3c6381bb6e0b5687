% rebase('base.tpl')
<section id="verdict" class="verdict {{verdict.grade.name}}" data-live aria-labelledby="v">
<h1 id="v"><span class="sign" aria-hidden="true">{{verdict.grade.sign}}</span> {{verdict.sentence}}</h1>
% if verdict_hint:
<p class="hint">{{verdict_hint}}</p>
% end
<p class="health {{health.state}}"><span class="word">{{ {'fine': 'Station fine', 'degraded': 'Station degraded', 'failed': 'Station deaf'}[health.state] }}</span> {{health.sentence}}</p>
</section>
<div class="cards-and-map">
<section id="here" class="cards" data-live data-keyed aria-label="In force here">
% if groups.here:
<h2 class="hidden" id="here-title">In force here</h2>
% end
% for card in groups.here[:200]:
% include('card.tpl', card=card)
% end
% if len(groups.here) > 200:
<p class="hint">And {{len(groups.here) - 200}} less grave alerts here, in the <a href="/log?state=active">log</a>.</p>
% end
% if left_out:
<p class="hint">{{left_out}} more alerts are in force, less grave or elsewhere. They are in the <a href="/log?state=active">log</a>.</p>
% end
</section>
<section id="map" class="quiet" data-live aria-label="Map">
% if map:
% include('map.tpl', map=map)
% end
</section>
</div>
<section id="tests" class="quiet" data-live>
% if groups.tests:
<h2>Tests <span class="count">{{len(groups.tests)}}</span></h2>
<p class="hint">Tests of the alerting system. There is no emergency.</p>
<div class="cards small" id="test-cards">
% for card in groups.tests:
% include('card.tpl', card=card)
% end
</div>
% end
</section>
<section id="nearby" class="quiet" data-live>
% if groups.nearby:
<h2>In force nearby <span class="count">{{len(groups.nearby)}}</span></h2>
<ul class="lines">
% for card in groups.nearby[:40]:
% include('line.tpl', card=card, announced=True)
% end
</ul>
% if len(groups.nearby) > 40:
<p class="hint">And {{len(groups.nearby) - 40}} more in the <a href="/log">log</a>.</p>
% end
% end
</section>
<section id="elsewhere" class="quiet" data-live>
% if groups.elsewhere:
<h2>In force elsewhere <span class="count">{{len(groups.elsewhere)}}</span></h2>
<ul class="lines">
% for card in groups.elsewhere[:40]:
% include('line.tpl', card=card, announced=True)
% end
</ul>
% if len(groups.elsewhere) > 40:
<p class="hint">And {{len(groups.elsewhere) - 40}} more in the <a href="/log">log</a>.</p>
% end
% end
</section>
<section id="hidden" class="quiet" data-live>
% if groups.hidden:
<h2>In force, hidden by an operator <span class="count">{{len(groups.hidden)}}</span></h2>
<ul class="lines">
% for card in groups.hidden:
% include('line.tpl', card=card)
% end
</ul>
% end
</section>
<p id="signals" class="hint" data-chime="{{chime}}" hidden>When a new alert arrives: <label>play a chime <select id="chime">
<option value="">station default: {{ {'off': 'never', 'here': 'for alerts here', 'all': 'for every alert'}[chime] }}</option><option value="off">never</option><option value="here">for alerts here</option><option value="all">for every alert and test</option>
</select></label> <button type="button" id="ring">Play it</button> <label><input type="checkbox" id="notify"> show a notification for alerts here</label> <span id="notify-why" hidden>(notifications need HTTPS)</span> <span id="chime-why" hidden>The browser plays sound only after you click or tap this page once.</span></p>
<section id="station" data-live>
<h2>Station</h2>
% include('parts.tpl', rows=parts, label='Sources, feeds and receivers')
% include('daemons.tpl', daemons=daemons)
</section>
<section id="recent" class="quiet" data-live>
% if groups.recent:
<h2>Recently ended</h2>
<ul class="lines">
% for card in groups.recent:
% include('line.tpl', card=card)
% end
</ul>
% end
<p class="hint"><a href="/log">All alerts in the log</a></p>
</section>
