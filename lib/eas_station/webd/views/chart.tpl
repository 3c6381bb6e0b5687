% # A chart with its values in words. Needs: chart (None: the database is away), size, field, zone, heading.
% if chart is None:
<p class="banner bad">The database is not responding: the history cannot be shown.</p>
% elif not chart.lines:
<p class="hint">{{chart.title}}: nothing recorded for {{heading}}. Values are stored every ten minutes.</p>
% else:
% left, right, top, bottom = field
<figure class="history">
<figcaption>{{chart.title}} ({{chart.unit}}). {{chart.meaning}}</figcaption>
<div class="chart" data-chart="{{chart.address}}" data-zone="{{zone}}" data-left="{{left}}" data-right="{{right}}" role="img" aria-label="{{chart.summary}}">
<svg viewBox="0 0 {{size[0]}} {{size[1]}}" aria-hidden="true">
% for row in chart.rows:
<path class="grid" d="M{{left}},{{'%.1f' % row.at}}H{{right}}"/><text class="row" x="{{left - 6}}" y="{{'%.1f' % (row.at + 5)}}">{{row.label}}</text>
% end
% for column in chart.columns:
<path class="grid" d="M{{'%.1f' % column.at}},{{top}}V{{bottom}}"/><text x="{{'%.1f' % column.at}}" y="{{bottom + 20}}">{{column.label}}</text>
% end
% for line in chart.lines:
<path class="line-{{line.style}}" d="{{line.path}}"/>
% end
</svg>
</div>
<p class="readout hint" aria-hidden="true"></p>
<table class="summary"><caption class="hidden">{{chart.title}} of {{heading}}</caption>
<thead><tr><th scope="col">Channel</th><th scope="col" class="num">Last</th><th scope="col" class="num">Lowest</th><th scope="col" class="num">Mean</th><th scope="col" class="num">Highest</th><th scope="col" class="num">Coverage</th></tr></thead><tbody>
% for line in chart.lines:
<tr><th scope="row"><svg class="sample" viewBox="0 0 36 8" width="36" height="8" aria-hidden="true"><path class="line-{{line.style}}" d="M0,4H36"/></svg> {{line.channel}}</th><td class="num" data-label="Last">{{line.last}}</td><td class="num" data-label="Lowest">{{line.lowest}}</td><td class="num" data-label="Mean">{{line.mean}}</td><td class="num" data-label="Highest">{{line.highest}}</td><td class="num" data-label="Coverage">{{line.known}}</td></tr>
% end
</tbody></table>
</figure>
% end
