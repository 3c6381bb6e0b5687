% rebase('base.tpl')
<h1>Log in</h1>
% if fault:
<p class="banner bad" role="alert"><span aria-hidden="true">▲</span> {{fault}}</p>
% end
% if no_password:
<p>{{no_password}}</p>
% elif operator:
<p>You are logged in as <b>{{operator.name}}</b>.</p>
<form method="post" action="/logout"><input type="hidden" name="csrf" value="{{operator.form_token or ''}}"><button>Log out</button></form>
% else:
<form class="login" method="post" action="/login">
<input type="hidden" name="csrf" value="{{token}}"><input type="hidden" name="back" value="{{back}}">
<p><label for="name">Name</label> <input id="name" name="name" value="{{usual_name}}" autocomplete="username" autocapitalize="none" maxlength="64"></p>
<p><label for="password">Password</label> <input id="password" name="password" type="password" autocomplete="current-password" maxlength="256" required autofocus></p>
<p><button>Log in</button></p>
</form>
<p class="hint">Viewing the pages needs no login. To set the password, run on the station: <code>sudo eas-ctl passwd</code></p>
% end
