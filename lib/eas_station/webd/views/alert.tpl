% rebase('base.tpl')
<article class="alert {{card.grade.name}}">
<section id="what" data-live>
<p class="grade"><span class="sign" aria-hidden="true">{{card.grade.sign}}</span> <b>{{'Test, not an alert' if card.is_test else card.grade.word}}</b>\\
% if card.levels:
 <span class="intensity">{{card.levels}}</span>\\
% end
</p>
<h1>{{card.title}}</h1>
<p class="places">{{card.places}}</p>
<p class="until"><b>{{'In force' if card.active else 'Over'}}.</b> \\
% if card.until:
{{'Until' if card.active else 'Ended'}} \\
% include('moment.tpl', moment=card.until)
 <span class="left">{{card.remaining}}</span>\\
% else:
{{card.remaining[:1].upper() + card.remaining[1:]}}.\\
% end
</p>
% if card.notice:
<p class="notice{{'' if card.durable else ' bad'}}"><span aria-hidden="true">▲</span> {{card.notice}}</p>
% end
% if card.headline:
<p class="headline">{{card.headline}}</p>
% end
</section>
% if card.instruction:
<section id="do" data-live><h2>What to do</h2><p class="text do">{{card.instruction}}</p></section>
% end
% if card.description:
<section id="description" data-live><h2>Description</h2><p class="text">{{card.description}}</p></section>
% end
% if map:
<section id="map" data-live><h2>Map</h2>
% include('map.tpl', map=map)
</section>
% end
% if resources:
<section id="resources"><h2>Files of the sender</h2>
<ul class="lines">
% for one in resources:
<li>
% if one.url:
<a href="{{one.url}}" rel="noopener noreferrer nofollow">{{one.title}}</a>
% else:
{{one.title}}
% end
<span class="tag">{{one.kind}}</span> <span class="hint">{{one.address}}</span></li>
% end
</ul>
</section>
% end
% for other in other_languages:
<section lang="{{other.language}}" class="language"><h2>{{other.title}} <span class="tag">{{other.language}}</span></h2>
% for paragraph in other.paragraphs:
<p class="text">{{paragraph}}</p>
% end
</section>
% end
% if recordings:
<section id="recordings" data-live><h2>{{'Recording' if len(recordings) == 1 else 'Recordings'}}</h2>
% for recording in recordings:
% include('clip.tpl', recording=recording)
% end
</section>
% end
% if flags.acknowledged_at or flags.keep or flags.note:
<section id="flags"><h2>Operator notes</h2>
% if flags.acknowledged_at:
<p>Acknowledged by <b>{{flags.acknowledged_by}}</b> \\
% include('moment.tpl', moment=acknowledged)
.</p>
% end
% if flags.keep:
<p>Kept permanently.</p>
% end
% if flags.note:
<p class="text note">{{flags.note}}</p>
% end
</section>
% end
% if verified:
<section id="verified" data-live><h2>Recording decoded again</h2>
% if verified.verification:
<p><span aria-hidden="true">{{'✓' if verified.verification.agrees else '▲'}}</span> <b>{{verified.verification.sentence}}</b></p>
<ul>
% for finding in verified.verification.differences + verified.verification.agreements:
<li>{{finding}}</li>
% end
</ul>
% elif verified.is_over:
<p>{{'Cancelled.' if verified.state == 'cancelled' else f'Failed: {verified.error}.'}}</p>
% else:
<p role="status">{{'Waiting for another task to finish.' if verified.state == 'waiting' else 'Decoding. This takes a few seconds.'}}</p>
% end
</section>
% end
% if operator and operator.via == "session" and stored:
<section id="actions"><h2>Actions</h2>
% if any(one.playable for one in recordings):
% include('action.tpl', action=f"/api/v1/alerts/{card.alert_id}/verify", label="Decode the recording again", back=f"/alerts/{card.alert_id}#verified")
% end
% here, there = f"/api/v1/alerts/{card.alert_id}", f"/alerts/{card.alert_id}"
% if not flags.acknowledged_at:
% include('action.tpl', action=here + "/acknowledge", label="Acknowledge", back=there)
% end
% if card.active:
<form class="action" method="post" action="{{here}}/end"><input type="hidden" name="csrf" value="{{operator.form_token}}"><input type="hidden" name="back" value="{{there}}"><label for="why">Reason</label> <input id="why" name="why" required maxlength="500"> <button>End the alert</button></form>
% include('action.tpl', action=here + "/hide", label="Hide the alert until it is renewed", back="/")
% end
% include('action.tpl', action=here + "/keep", label="Stop keeping the alert" if flags.keep else "Keep the alert permanently", back=there, fields=[("keep", "no" if flags.keep else "yes")])
<form class="action" method="post" action="{{here}}/note"><input type="hidden" name="csrf" value="{{operator.form_token}}"><input type="hidden" name="back" value="{{there}}"><label for="note">Note</label> <textarea id="note" name="note" maxlength="2000" rows="3">{{flags.note or ''}}</textarea> <button>Save note</button></form>
% for clip in [one.clip for one in recordings if one.playable]:
% include('action.tpl', action=f"/api/v1/clips/{clip.clip_id}/keep", label="Stop keeping the recording" if clip.keep else "Keep the recording permanently", back=there, fields=[("keep", "no" if clip.keep else "yes")])
% end
</section>
% end
% if timeline:
<section id="timeline" data-live><h2>Timeline</h2>
<ol class="timeline">
% for step in timeline:
<li><span class="sign" aria-hidden="true">{{step.sign}}</span> <div><p><b>{{step.what}}</b> <span class="when">\\
% include('moment.tpl', moment=step.at)
</span> \\
% if step.anchor:
<a class="who" href="#{{step.anchor}}">{{step.who or 'unknown'}}</a></p>
% else:
<span class="who">{{step.who}}</span></p>
% end
% if step.notes:
% notes = '; '.join(step.notes)
<p class="notes">{{notes[:1].upper() + notes[1:]}}.</p>
% end
</div></li>
% end
</ol></section>
% end
<section id="receptions" data-live><h2>Received {{'once' if len(card.receptions) == 1 else f'{len(card.receptions)} times'}}</h2>
% for one in receptions:
<details class="reception" id="r-{{one.reception.reception_id}}" open>
<summary><span class="where">{{one.line.where}}</span> <span class="when">\\
% include('moment.tpl', moment=one.line.at)
</span> <span class="how">{{one.line.quality}}</span></summary>
<dl class="facts">
% for name, value in one.evidence:
<dt>{{name}}</dt><dd>{{value}}</dd>
% end
</dl>
% if one.raw_parts:
<details class="raw"{{!' open' if len(one.reception.raw) < 400 else ''}}><summary>{{'Header as received' if one.reception.via == 'same' else 'CAP document'}}</summary><pre tabindex="0">\\
% for part in one.raw_parts:
% if part.repaired:
<mark title="Repaired: no two transmissions agreed here">{{part.text}}</mark>\\
% else:
{{part.text}}\\
% end
% end
</pre></details>
% end
</details>
% end
</section>
<section id="relevance" data-live><h2>Relevance</h2>
<p>{{'This alert concerns this station.' if card.concerns else 'This alert does not concern this station.'}} Deciding rule: <b>{{alert.relevance.rule}}</b>.</p>
<ol class="trace">
% for step in alert.relevance.trace:
<li class="{{'good' if step.passed else 'off'}}"><span class="sign" aria-hidden="true">{{'✓' if step.passed else '–'}}</span> <b>{{step.rule}}</b> {{'yes' if step.passed else 'no'}}: {{step.why}}</li>
% end
</ol></section>
% if changes:
<section id="changes" data-live><h2>Changes recorded by this station</h2>
<ol class="changes">
% for at, change in changes:
<li><span class="when">\\
% include('moment.tpl', moment=at)
</span> <b>{{change.kind}}</b> {{change.why}}</li>
% end
</ol></section>
% end
<section id="facts" data-live><h2>Details</h2>
<dl class="facts">
% for name, moment in dates:
<dt>{{name}}</dt><dd>\\
% include('moment.tpl', moment=moment)
</dd>
% end
% for name, value in facts:
<dt>{{name}}</dt><dd>{{value}}</dd>
% end
% if places:
<dt>SAME locations</dt><dd>
% for code, name in places:
<span class="place">{{name}} <code>{{code}}</code></span>
% end
</dd>
% end
% if alert.same_header:
<dt>SAME header</dt><dd><code class="header">{{alert.same_header}}</code></dd>
% end
<dt>Alert ID</dt><dd><code>{{card.alert_id}}</code> <a href="/api/v1/alerts/{{card.alert_id}}">JSON</a></dd>
</dl></section>
</article>
