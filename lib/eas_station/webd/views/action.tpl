% # One action of an operator: a button that sends a form. Needs: operator, action, label; fields, back.
% if operator and operator.via == "session":
<form class="action" method="post" action="{{action}}"><input type="hidden" name="csrf" value="{{operator.form_token}}">\\
% for name, value in get('fields', ()):
<input type="hidden" name="{{name}}" value="{{value}}">\\
% end
<input type="hidden" name="back" value="{{back}}"><button>{{label}}</button></form>
% end
