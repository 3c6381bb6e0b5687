% rebase('base.tpl')
<h1>Tests</h1>
<section id="expected" data-live>
<p class="hint">Every week a test (RWT), every month another (RMT): a channel on which they come is heard. One that does not come is a question to be answered.</p>
% if record is None:
<p class="banner bad">The database does not answer: which tests came is not shown.</p>
% for where, sentence in overdue_said:
<p class="notice">{{where}}: {{sentence}}</p>
% end
% elif not record.tests:
<p class="hint">No test is expected yet. Once a channel has carried one it is expected again; <code>expect</code> of a source names those that must come from the first day.</p>
% else:
<table class="expected"><caption>Expected tests</caption>
<thead><tr><th scope="col">Channel</th><th scope="col">Test</th><th scope="col">State</th><th scope="col">Last heard</th><th scope="col">Next due</th></tr></thead><tbody>
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
</td><td data-label="Last heard">\\
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
not known\\
% end
</td></tr>
% end
</tbody></table>
% end
</section>
<section id="deaf" data-live>
<h2>Deaf intervals</h2>
% if record is None:
<p class="hint">Not known while the database does not answer.</p>
% else:
<p>{{'No channel is deaf now.' if not record.deaf_now else 'One channel is deaf now.' if record.deaf_now == 1 else '%d channels are deaf now.' % record.deaf_now}}</p>
% if record.deaf:
<table class="deaf"><caption>When a channel did not hear, newest first</caption>
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
</td><td data-label="For">{{line.lasted}}</td><th scope="row">{{line.where}}</th><td>{{line.why}}\\
% if line.explains:
 <span class="tag bad">hid the test {{line.explains}}</span>\\
% end
</td></tr>
% end
</tbody></table>
% if record.more:
<p class="hint">These are the last {{most}}, and those that explain a test that did not come; the API has them all.</p>
% end
% else:
<p class="hint">No deaf interval has been recorded.</p>
% end
<h3>Deaf each day</h3>
<table class="days"><caption>The last {{days_back}} days, by the station's clock</caption>
<thead><tr><th scope="col">Day</th><th scope="col">Deaf for</th></tr></thead><tbody>
% for day in record.days:
<tr><th scope="row">{{day.day}}</th><td>\\
% for where, how_long in day.channels:
<span class="place">{{where}} {{how_long}}</span>\\
% end
% if not day.channels:
<span class="how">nothing recorded</span>\\
% end
</td></tr>
% end
</tbody></table>
% end
</section>
<section id="received" data-live>
<h2>Last tests received</h2>
% if record is None:
<p class="hint">Not known while the database does not answer.</p>
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
