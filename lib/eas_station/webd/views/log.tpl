% rebase('base.tpl')
<h1>Log</h1>
<form class="search" action="/log" method="get" role="search">
<p class="row"><label for="q">Search for</label> <input type="search" id="q" name="q" value="{{asked.q or ''}}" maxlength="200" placeholder="tornado wood" aria-describedby="q-hint"> <button>Search</button></p>
<p class="hint" id="q-hint">An event, a place, or words from the headline or the header. The beginning of a word is enough.</p>
<details{{!' open' if narrowed else ''}}><summary>Filter</summary>
<p class="fields">
% for choice in choices:
<label>{{choice.label}} <select name="{{choice.name}}">\\
% for value, words, chosen in choice.options:
<option value="{{value}}"{{!' selected' if chosen else ''}}>{{words}}</option>\\
% end
</select></label>
% end
<label>Event code <input name="event" value="{{asked.event or ''}}" maxlength="3" size="4" pattern="[0-9A-Za-z]{3}" placeholder="TOR" autocapitalize="characters"></label>
% for name, label, value in dates:
<label>{{label}} <input type="{{'date' if not value or len(value) == 10 else 'text'}}" name="{{name}}" value="{{value or ''}}"></label>
% end
</p></details>
</form>
<p class="found">\\
% if narrowed:
Filtered. <a href="/log">Show all</a> · \\
% end
Export: \\
% for name, address in exports:
<a href="{{address}}" download>{{name}}</a> \\
% end
</p>
<section id="log" data-live>
% if not whole:
<p class="banner bad">The database is not responding. Only alerts known without it are listed.</p>
% end
% if not cards:
<p class="hint">{{'No alert matches.' if narrowed else 'Nothing has been received yet.'}}</p>
% else:
<table class="log"><caption>{{'Matching alerts, latest recorded first' if asked.q else 'Alerts by the time first received, newest first'}}</caption>
<thead><tr><th scope="col">Event</th><th scope="col">Area</th><th scope="col">Issued</th><th scope="col">In force until</th><th scope="col">Received</th></tr></thead>
<tbody>
% for card in cards:
<tr class="{{card.grade.name}}{{'' if card.active else ' over'}}"><th scope="row"><span class="sign" aria-hidden="true">{{card.grade.sign}}</span> <a href="/alerts/{{card.alert_id}}">{{card.title}}</a>\\
% if card.is_test:
 <span class="tag">Test</span>\\
% end
% if not card.concerns:
 <span class="tag">elsewhere</span>\\
% end
% if card.notice:
 <span class="tag bad">{{card.notice.partition(':')[0].rstrip('.')}}</span>\\
% end
</th><td class="places">{{card.places}}</td><td data-label="Issued">\\
% include('moment.tpl', moment=card.issued)
</td><td data-label="{{'Until' if card.active else 'Ended'}}">\\
% if card.until:
% include('moment.tpl', moment=card.until)
 <span class="left">{{card.remaining if card.active else ''}}</span>\\
% else:
{{card.remaining}}\\
% end
</td><td data-label="Received">{{card.ways}}</td></tr>
% end
</tbody></table>
% end
</section>
<nav class="pager" aria-label="Pages of the log">
% if not first:
<a href="{{newest}}">Newest</a>
% end
% if older:
<a href="{{older}}" rel="next">Older</a>
% end
</nav>
