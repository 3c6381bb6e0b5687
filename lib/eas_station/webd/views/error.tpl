% rebase('base.tpl')
<h1>{{title}}</h1>
<p>{{sentence}}</p>
<p><a href="/">What is in force now</a></p>
