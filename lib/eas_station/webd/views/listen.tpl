% rebase('base.tpl')
<h1>{{title}}, live</h1>
<p class="hint">The live audio of this channel, delayed by a few seconds. Silence may be the squelch: a channel too weak for listening is still decoded.</p>
<section class="player" aria-label="Live audio"><audio controls preload="none" src="{{address}}"></audio></section>
<p>If it does not play, the channel has no audio now, or eight others are already listening. <a href="/listening">All channels</a></p>
