<dt>{{fact.name}}</dt><dd>\\
% if fact.sign:
<span class="sign {{fact.look}}" aria-hidden="true">{{fact.sign}}</span> \\
% end
{{fact.text}}</dd>
