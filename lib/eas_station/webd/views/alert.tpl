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
<section id="says" data-live><h2>What it says</h2><p class="text">{{card.description}}</p></section>
% end
% if map:
<section id="map" data-live><h2>Where</h2>
% include('map.tpl', map=map)
</section>
% end
% for tongue in detail.tongues:
<section lang="{{tongue.language}}" class="tongue"><h2>{{tongue.title}} <span class="tag">{{tongue.language}}</span></h2>
% for paragraph in tongue.paragraphs:
<p class="text">{{paragraph}}</p>
% end
</section>
% end
% if detail.recordings:
<section id="recordings" data-live><h2>{{'Recording' if len(detail.recordings) == 1 else 'Recordings'}}</h2>
% for recording in detail.recordings:
% include('clip.tpl', recording=recording)
% end
</section>
% end
% if flags.acknowledged_at or flags.keep or flags.note:
<section id="flags"><h2>What operators say</h2>
% if flags.acknowledged_at:
<p>Acknowledged by <b>{{flags.acknowledged_by}}</b> \\
% include('moment.tpl', moment=acknowledged)
.</p>
% end
% if flags.keep:
<p>It is kept for ever.</p>
% end
% if flags.note:
<p class="text note">{{flags.note}}</p>
% end
</section>
% end
% if verified:
<section id="verified" data-live><h2>The recording, decoded again</h2>
% if verified.verification:
<p><span aria-hidden="true">{{'✓' if verified.verification.agrees else '▲'}}</span> <b>{{verified.verification.sentence}}</b></p>
<ul>
% for said in verified.verification.differences + verified.verification.agreements:
<li>{{said}}</li>
% end
</ul>
% elif verified.is_over:
<p>{{'It was cancelled.' if verified.state == 'cancelled' else f'It failed: {verified.error}.'}}</p>
% else:
<p role="status">{{'It waits for another task.' if verified.state == 'waiting' else 'It is being decoded; this takes some seconds.'}}</p>
% end
</section>
% end
% if operator and operator.via == "session" and detail.stored:
<section id="actions"><h2>Do</h2>
% if any(one.playable for one in detail.recordings):
% include('action.tpl', action=f"/api/v1/alerts/{card.alert_id}/verify", label="Decode the recording again", back=f"/alerts/{card.alert_id}#verified")
% end
% here, there = f"/api/v1/alerts/{card.alert_id}", f"/alerts/{card.alert_id}"
% if not flags.acknowledged_at:
% include('action.tpl', action=here + "/acknowledge", label="Acknowledge", back=there)
% end
% include('action.tpl', action=here + "/keep", label="Let it go with the old ones" if flags.keep else "Keep it for ever", back=there, fields=[("keep", "no" if flags.keep else "yes")])
<form class="action" method="post" action="{{here}}/note"><input type="hidden" name="csrf" value="{{operator.form_token}}"><input type="hidden" name="back" value="{{there}}"><label for="note">Note</label> <textarea id="note" name="note" maxlength="2000" rows="3">{{flags.note or ''}}</textarea> <button>Save the note</button></form>
% for clip in [one.clip for one in detail.recordings if one.playable]:
% include('action.tpl', action=f"/api/v1/clips/{clip.clip_id}/keep", label="Let the recording go with the old ones" if clip.keep else "Keep the recording for ever", back=there, fields=[("keep", "no" if clip.keep else "yes")])
% end
</section>
% end
% if detail.chain:
<section id="chain" data-live><h2>What became of it</h2>
<ol class="chain">
% for link in detail.chain:
<li><span class="sign" aria-hidden="true">{{link.sign}}</span> <div><p><b>{{link.what}}</b> <span class="when">\\
% include('moment.tpl', moment=link.at)
</span> \\
% if link.anchor:
<a class="who" href="#{{link.anchor}}">{{link.who or 'unknown'}}</a></p>
% else:
<span class="who">{{link.who}}</span></p>
% end
% if link.notes:
% said = '; '.join(link.notes)
<p class="notes">{{said[:1].upper() + said[1:]}}.</p>
% end
</div></li>
% end
</ol></section>
% end
<section id="heard" data-live><h2>Heard {{len(card.hearings)}} {{'time' if len(card.hearings) == 1 else 'times'}}</h2>
% for heard in detail.receptions:
<details class="reception" id="r-{{heard.reception.reception_id}}" open>
<summary><span class="where">{{heard.hearing.where}}</span> <span class="when">\\
% include('moment.tpl', moment=heard.hearing.at)
</span> <span class="how">{{heard.hearing.how_well}}</span></summary>
<dl class="facts">
% for name, value in heard.evidence:
<dt>{{name}}</dt><dd>{{value}}</dd>
% end
</dl>
% if heard.pieces:
<details class="raw"{{!' open' if len(heard.reception.raw) < 400 else ''}}><summary>{{'The header as heard' if heard.reception.via == 'same' else 'The CAP document'}}</summary><pre tabindex="0">\\
% for piece in heard.pieces:
% if piece.repaired:
<mark title="repaired: no two transmissions agreed on it">{{piece.text}}</mark>\\
% else:
{{piece.text}}\\
% end
% end
</pre></details>
% end
</details>
% end
</section>
<section id="why" data-live><h2>Why it is here</h2>
<p>{{'It concerns this station.' if card.concerns else 'It does not concern this station.'}} Decided by the rule <b>{{detail.decided_by}}</b>.</p>
<ol class="trace">
% for step in detail.trace:
<li class="{{'good' if step.passed else 'off'}}"><span class="sign" aria-hidden="true">{{'✓' if step.passed else '–'}}</span> <b>{{step.rule}}</b> {{'yes' if step.passed else 'no'}}: {{step.why}}</li>
% end
</ol></section>
% if detail.history:
<section id="became" data-live><h2>What this station recorded</h2>
<ol class="history">
% for step in detail.history:
<li><span class="when">\\
% include('moment.tpl', moment=step.at)
</span> <b>{{step.kind}}</b> {{step.why}}</li>
% end
</ol></section>
% end
<section id="facts" data-live><h2>Facts</h2>
<dl class="facts">
% for name, moment in detail.times:
<dt>{{name}}</dt><dd>\\
% include('moment.tpl', moment=moment)
</dd>
% end
% for name, value in detail.facts:
<dt>{{name}}</dt><dd>{{value}}</dd>
% end
% if detail.places:
<dt>SAME places</dt><dd>
% for code, name in detail.places:
<span class="place">{{name}} <code>{{code}}</code></span>
% end
</dd>
% end
% if detail.header:
<dt>SAME header</dt><dd><code class="header">{{detail.header}}</code></dd>
% end
<dt>Alert id</dt><dd><code>{{card.alert_id}}</code> <a href="/api/v1/alerts/{{card.alert_id}}">JSON</a></dd>
</dl></section>
</article>
