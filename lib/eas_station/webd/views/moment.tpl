<time datetime="{{moment.iso}}">{{moment.local}}</time>\\
% if moment.utc:
 <span class="utc">({{moment.utc}})</span>\\
% end
