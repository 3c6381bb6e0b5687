<figure class="map" data-map>
<svg viewBox="0 0 {{map.width}} {{map.height}}" role="group" aria-label="Map. {{map.sentence}}">
% for shape in map.counties:
<path class="{{shape.kind}}" d="{{shape.path}}"><title>{{shape.title}}</title></path>
% end
% for shape in map.areas:
<path class="{{shape.kind}}" d="{{shape.path}}"><title>{{shape.title}}</title></path>
% end
% for shape in map.counties:
% if shape.label:
<text x="{{shape.middle[0]}}" y="{{shape.middle[1]}}" aria-hidden="true"><tspan class="sign">{{shape.sign}}</tspan> {{shape.label}}</text>
% elif shape.sign:
<text class="small-sign" x="{{shape.middle[0]}}" y="{{shape.middle[1]}}" aria-hidden="true">{{shape.sign}}</text>
% end
% end
% if map.point:
<circle class="here" cx="{{map.point[0]}}" cy="{{map.point[1]}}" r="5"><title>This station</title></circle>
% end
</svg>
<figcaption>{{map.sentence}}\\
% for one in map.legend:
 <span class="key"><span class="sign {{one.kind}}" aria-hidden="true">{{one.sign}}</span> {{one.words}}</span>\\
% end
% if any('own' in shape.kind for shape in map.counties):
 <span class="key"><span class="sign own-area" aria-hidden="true">▢</span> our area</span>\\
% end
% if map.point:
 <span class="key"><span class="sign station-point" aria-hidden="true">●</span> this station</span>\\
% end
</figcaption>
</figure>
