<table class="daemons"><caption>Daemons</caption>
<thead><tr><th scope="col">Daemon</th><th scope="col">State</th><th scope="col">Status</th><th scope="col" class="num">CPU</th><th scope="col" class="num">Memory</th></tr></thead>
<tbody>
% for row in daemons:
<tr class="{{row.look}}"><th scope="row">{{row.name}}</th><td class="state"><span class="sign" aria-hidden="true">{{row.sign}}</span> {{row.state}}</td><td class="status">{{row.sentence}}</td><td class="num" data-label="CPU">{{row.cpu or '–'}}</td><td class="num" data-label="Memory">{{row.memory or '–'}}</td></tr>
% end
</tbody></table>
