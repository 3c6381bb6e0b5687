<table class="parts"><caption>{{label}}</caption>
<thead><tr><th scope="col">Part</th><th scope="col">State</th><th scope="col">Status</th><th scope="col">Since</th></tr></thead>
<tbody>
% for row in rows:
<tr class="{{row.look}}"><th scope="row"><span class="kind">{{row.kind.partition('.')[0]}}</span> {{row.name}}</th><td class="state"><span class="sign" aria-hidden="true">{{row.sign}}</span> {{row.state}}</td><td class="status">{{row.sentence}}</td><td class="since">\\
% if row.since:
% include('moment.tpl', moment=row.since)
% end
</td></tr>
% end
</tbody></table>
