<figure class="clip" id="clip-{{recording.clip.clip_id}}"{{!' data-keep' if recording.playable else ''}} data-clip data-seconds="{{recording.clip.duration_s}}">
% if recording.waveform:
% wave = recording.waveform
<svg class="wave" viewBox="0 0 {{wave.width}} {{wave.height}}" preserveAspectRatio="none" role="img" aria-label="Waveform of {{wave.sentence}}">
% for mark in wave.marks:
<rect class="{{mark.kind}}" x="{{mark.left}}" y="0" width="{{max(mark.width, 2)}}" height="{{wave.height}}"><title>{{mark.label}}</title></rect>
% end
<path d="{{wave.path}}"/>
</svg>
% end
% if recording.playable:
<audio controls preload="none" src="/clips/{{recording.clip.clip_id}}" aria-label="Recording from {{recording.clip.source}}, {{recording.clip.channel}}"></audio>
% else:
<p class="notice"><span aria-hidden="true">▲</span> {{'No recording: ' + recording.clip.fault + '.' if recording.clip.fault else 'The recording was deleted to free disk space.'}}</p>
% end
<figcaption>{{recording.clip.source}}, {{recording.clip.channel}}{{'' if recording.clip.channel == 'mono' else ' MHz'}} · \\
% if recording.waveform:
{{recording.waveform.sentence}}\\
% for mark in recording.waveform.marks:
 <span class="key"><span class="swatch {{mark.kind}}" aria-hidden="true">{{ {'header': '▌', 'attention': '▒', 'eom': '│'}[mark.kind] }}</span> {{mark.label}}</span>\\
% end
% else:
{{round(recording.clip.duration_s)}} s.\\
% end
% if recording.playable:
 <a href="/clips/{{recording.clip.clip_id}}" download>Download</a>\\
% end
</figcaption>
</figure>
