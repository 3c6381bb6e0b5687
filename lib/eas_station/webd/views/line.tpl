<li class="line {{card.grade.name}}{{'' if card.active else ' over'}}"\\
% if get('announced', False) and card.announced:
 id="w-{{card.key}}" data-came="{{card.came}}" data-announce="{{card.title}} for {{card.places}}"\\
% end
><span class="what"><span class="sign" aria-hidden="true">{{card.grade.sign}}</span> <a href="/alerts/{{card.alert_id}}">{{card.title}}</a>{{f' ({card.messages} messages)' if card.messages > 1 else ''}}\\
% if card.is_test:
 <span class="tag">Test</span>\\
% end
</span> <span class="places">{{card.places}}</span> <span class="left">\\
% if card.until:
{{'until' if card.active else 'ended'}} \\
% include('moment.tpl', moment=card.until)
{{', ' + card.remaining if card.active else ''}}\\
% else:
{{card.remaining}}\\
% end
</span> <span class="how">{{card.ways}}</span></li>
