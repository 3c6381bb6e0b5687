% rebase('base.tpl')
<h1>{{title}}</h1>
<p>{{sentence}}</p>
<p><a href="/">Alerts in force now</a></p>
