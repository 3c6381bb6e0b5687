% rebase('base.tpl')
<h1>Log</h1>
<section id="log" data-live>
% if not whole:
<p class="banner bad">The database does not answer. Only what is known without it is listed.</p>
% end
% if not cards:
<p class="hint">Nothing has been received yet.</p>
% else:
<table class="log"><caption>Warnings by the time they were first received, newest first</caption>
<thead><tr><th scope="col">What</th><th scope="col">Where</th><th scope="col">Issued</th><th scope="col">In force until</th><th scope="col">Heard</th></tr></thead>
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
 <span class="tag bad">not stored</span>\\
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
</td><td data-label="Heard">{{card.heard}}</td></tr>
% end
</tbody></table>
% end
</section>
<nav class="pager" aria-label="Pages of the log">
% if not first:
<a href="/log">Newest</a>
% end
% if next_cursor:
<a href="/log?cursor={{next_cursor}}" rel="next">Older</a>
% end
</nav>
