<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{{title}} · {{station}}</title>
<link rel="icon" href="/static/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/static/page.css?{{version}}">
% for style in get("styles", ()):
<link rel="stylesheet" href="/static/{{style}}?{{version}}">
% end
<script src="/static/page.js?{{version}}" defer></script>
% for script in get("scripts", ()):
<script src="/static/{{script}}?{{version}}" defer></script>
% end
% if fresh and page != "log":
<noscript><meta http-equiv="refresh" content="30"></noscript>
% end
</head>
<body data-page="{{page}}" data-change="{{change_id}}"{{!' data-fresh' if fresh else ''}}>
<a class="skip" href="#main">Skip to content</a>
<header class="top">
<a class="name" href="/"><svg class="mark" viewBox="0 0 24 24" width="22" height="22" aria-hidden="true"><path d="M12 13v8M8.5 21h7M7.8 14.2a6 6 0 1 1 8.4 0M5 17A10 10 0 1 1 19 17"/><circle cx="12" cy="10" r="1.8"/></svg>{{station}}</a>
<nav aria-label="Pages">
% for name, path, label in (("now", "/", "Now"), ("log", "/log", "Log"), ("listening", "/listening", "Listening"), ("radio", "/radio", "Radio"), ("tests", "/tests", "Tests"), ("system", "/system", "System")):
<a href="{{path}}"{{!' aria-current="page"' if name == page else ''}}>{{label}}</a>
% end
</nav>
<p class="asof" id="asof" data-live><span class="pulse" id="live" aria-hidden="true"></span>As of <time datetime="{{as_of.iso}}">{{as_of.local}}</time>\\
% if as_of.utc:
 <span class="utc">({{as_of.utc}})</span>\\
% end
</p>
</header>
<div id="announce" class="announce" role="alert"></div>
<p id="lost" class="banner bad" role="status" hidden></p>
<div id="banners" role="region" aria-label="Station notices" data-live>
% for kind, sentence in banners:
<p class="banner {{kind}}"><span aria-hidden="true">▲</span> {{sentence}}</p>
% end
</div>
<main id="main">
{{!base}}
</main>
<footer>
<p>{{station}} receives alerts off the air (SAME) and from the Internet (CAP). Do not rely on it alone.</p>
<p>EAS Station {{version}} · <a href="/api/v1/status">API</a> · <a href="/metrics">Metrics</a>\\
% if not operator:
 · <a href="/login">Log in</a></p>
% else:
</p>
<form class="out" method="post" action="/logout"><input type="hidden" name="csrf" value="{{operator.form_token or ''}}"><button>Log out {{operator.name}}</button></form>
% end
</footer>
</body>
</html>
