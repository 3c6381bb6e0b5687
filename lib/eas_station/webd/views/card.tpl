<article class="card {{card.grade.name}}" id="w-{{card.key}}" aria-labelledby="t-{{card.key}}"{{!' data-test' if card.is_test else ''}}{{!' data-here' if card.concerns else ''}}\\
% if card.announced:
 data-came="{{card.came}}" data-announce="{{'Test: ' if card.is_test else ''}}{{card.title}}{{' for ' + card.places if card.places else ''}}{{', until ' + card.until.local if card.until else ''}}"\\
% end
>
<p class="grade"><span class="sign" aria-hidden="true">{{card.grade.sign}}</span> <b>{{'Test, not an alert' if card.is_test else card.grade.word}}</b>\\
% if card.levels and not card.is_test:
 <span class="intensity">{{card.levels}}</span>\\
% end
</p>
<h3 id="t-{{card.key}}"><a href="/alerts/{{card.alert_id}}">{{card.title}}</a>{{f' ({card.messages} messages)' if card.messages > 1 else ''}}</h3>
% if card.places:
<p class="places">{{card.places}}{{'' if card.concerns else ' (elsewhere)'}}</p>
% end
<p class="until">\\
% if card.until:
{{'Until' if card.active else 'Ended'}} \\
% include('moment.tpl', moment=card.until)
 <span class="left">{{card.remaining}}</span>\\
% else:
{{card.remaining[:1].upper() + card.remaining[1:]}}\\
% end
</p>
% if card.notice:
<p class="notice{{'' if card.durable else ' bad'}}"><span aria-hidden="true">▲</span> {{card.notice}}</p>
% end
% if not card.is_test:
% if card.instruction:
<p class="do"><b>What to do.</b> {{card.instruction}}</p>
% elif card.headline:
<p class="headline">{{card.headline}}</p>
% end
% end
% if card.clip_id:
<audio id="a-{{card.clip_id}}" data-keep controls preload="none" src="/clips/{{card.clip_id}}" aria-label="Recording of {{card.title}}"></audio>
% end
<ul class="receptions" aria-label="Received from">
% for reception in card.receptions:
<li><span class="where">{{reception.where}}</span> <span class="when">\\
% include('moment.tpl', moment=reception.at)
</span>\\
% if reception.quality:
 <span class="how">{{reception.quality}}</span>\\
% end
</li>
% end
</ul>
</article>
