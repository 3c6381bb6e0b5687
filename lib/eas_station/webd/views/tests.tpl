% rebase('base.tpl')
<h1>Tests</h1>
<section id="expected" data-live>
<p class="hint">Stations send a Required Weekly Test (RWT) and a Required Monthly Test (RMT). A received test proves that the channel can be heard. Investigate every missing test.</p>
% if record is None:
<p class="banner bad">The database is not responding: the tests received cannot be shown.</p>
% for where, sentence in overdue:
<p class="notice">{{where}}: {{sentence}}</p>
% end
% elif not record.tests:
<p class="hint">No test is expected yet. After a channel has carried a test, the next one is expected. To expect tests from the first day, set <code>expect</code> in the configuration of the source.</p>
% else:
<table class="expected"><caption>Expected tests</caption>
<thead><tr><th scope="col">Channel</th><th scope="col">Test</th><th scope="col">State</th><th scope="col">Last received</th><th scope="col">Next due</th></tr></thead><tbody>
% for test in record.tests:
<tr class="{{test.look}}"><th scope="row">{{test.where}}</th><td>{{test.name}}\\
% if not test.learnt:
 <span class="tag">configured</span>\\
% end
</td><td class="state" data-label="State"><span class="sign" aria-hidden="true">{{test.sign}}</span> {{test.word}}\\
% if test.why:
 <span class="why">{{test.why}}\\
% if test.hidden_by:
 <a href="#{{test.hidden_by}}">When it was deaf<span class="hidden">: {{test.where}}, {{test.name}}</span></a>\\
% end
</span>\\
% end
</td><td data-label="Last received">\\
% if test.last and test.address:
<a href="{{test.address}}"><time datetime="{{test.last.iso}}">{{test.last.local}}</time><span class="hidden">: {{test.where}}, {{test.name}}</span></a>\\
% elif test.last:
<time datetime="{{test.last.iso}}">{{test.last.local}}</time>\\
% else:
never\\
% end
</td><td data-label="Next due">\\
% if test.due:
<time datetime="{{test.due.iso}}">{{test.due.local}}</time>\\
% else:
unknown\\
% end
</td></tr>
% end
</tbody></table>
% end
</section>
<section id="deaf" data-live>
<h2>Deaf intervals</h2>
% if record is None:
<p class="hint">Unknown: the database is not responding.</p>
% else:
<p>{{'No channel is deaf now.' if not record.deaf_now else 'One channel is deaf now.' if record.deaf_now == 1 else '%d channels are deaf now.' % record.deaf_now}}</p>
% if record.deaf:
<table class="deaf"><caption>When a channel could not hear, newest first</caption>
<thead><tr><th scope="col">From</th><th scope="col">Until</th><th scope="col">For</th><th scope="col">Channel</th><th scope="col">Why</th></tr></thead><tbody>
% for line in record.deaf:
<tr id="{{line.anchor}}" class="{{'' if line.ended else 'busy'}}"><td data-label="From">\\
% include('moment.tpl', moment=line.began)
</td><td data-label="Until">\\
% if line.ended:
<time datetime="{{line.ended.iso}}">{{line.ended.local}}</time>\\
% else:
<span class="state"><span class="sign" aria-hidden="true">▲</span> still deaf</span>\\
% end
</td><td class="since" data-label="For">{{line.lasted}}</td><th scope="row">{{line.where}}</th><td>{{line.why}}\\
% if line.explains:
 <span class="tag bad">explains the missing {{line.explains}}</span>\\
% end
</td></tr>
% end
</tbody></table>
% if record.more:
<p class="hint">Only the last {{most}} and those that explain a missing test are shown. The API lists all.</p>
% end
% else:
<p class="hint">No deaf interval has been recorded.</p>
% end
<h3>Deaf time per day</h3>
<table class="days"><caption>The last {{days_back}} days, in the station's time zone</caption>
<thead><tr><th scope="col">Day</th><th scope="col">Deaf for</th></tr></thead><tbody>
% for day in record.days:
<tr><th scope="row">{{day.day}}</th><td>\\
% for where, how_long in day.channels:
<span class="place">{{where}} {{how_long}}</span>\\
% end
% if not day.channels:
<span class="how">none recorded</span>\\
% end
</td></tr>
% end
</tbody></table>
% end
</section>
<section id="received" data-live>
<h2>Tests received</h2>
% if record is None:
<p class="hint">Unknown: the database is not responding.</p>
% elif record.received:
<ul class="lines">
% for test in record.received:
<li><a href="{{test.address}}">{{test.name}}</a> <span class="when">\\
% include('moment.tpl', moment=test.at)
</span> <span class="how">{{test.heard}}</span></li>
% end
</ul>
% else:
<p class="hint">No test has been received yet.</p>
% end
</section>
