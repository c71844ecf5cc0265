/** What the scripted engine answers, by the words of the question: one with all that Markdown has, one that is hostile. */

const RICH = `## Three ways to say it

A **word** can be reversed in several ways; the first is the *shortest*.

1. With a slice, which Python reads backwards
2. With \`reversed\` and \`join\`
3. With a loop, as you would on paper

\`\`\`python
def reverse(word: str) -> str:
    """The letters of \`word\`, last one first."""
    letters = []
    for letter in word:
        letters.insert(0, letter)  # slow for long words
    return "".join(letters)

print(reverse("Orion"), 42)
\`\`\`

| Way | Lines | Speed |
|:----|------:|:-----:|
| slice | 1 | fast |
| reversed | 1 | fast |
| loop | 5 | slow |

> The slice is what most people write.

- [x] works with accents: *é, à, ç*
- [ ] keeps emoji made of several parts together
`;

const HOSTILE = `Hello <img src="https://evil.example/a.png" onerror="window.hacked=1"> there.

<script>window.hacked = 2</script>
<style>body { display: none }</style>
<iframe src="https://evil.example/frame"></iframe>
<svg onload="window.hacked=3"><image href="https://evil.example/s.svg"/></svg>
<a href="javascript:window.hacked=4" onclick="window.hacked=5">press</a>
<form action="https://evil.example"><input name="q"><button>go</button></form>
<video src="https://evil.example/v.mp4" autoplay></video>
<link rel="stylesheet" href="https://evil.example/s.css"><meta http-equiv="refresh" content="0;url=https://evil.example">

![remote](https://evil.example/b.png) and ![data](data:image/svg+xml;base64,PHN2Zz48L3N2Zz4=)

[bad link](javascript:alert(1)) and [worse](data:text/html,<script>alert(1)</script>) and [good](https://example.org/page "t")

<div class="notice" style="position:fixed;inset:0" id="send">spoof</div>

| a <img src=x onerror=window.hacked=6> | b |
|---|---|
| \`<img src=x onerror=window.hacked=7>\` | <br> fine |

\`\`\`html
<img src="https://evil.example/c.png" onerror="window.hacked=8">
\`\`\`

1. nested

   \`\`\`js
   fetch("https://evil.example") // <b>bold</b>
   \`\`\`
`;

export const ANSWERS = [
  [/hostile/i, HOSTILE],
  [/reverses|inverse/i, RICH],
  [/flood/i, (RICH + "\n\n").repeat(12)],
  [/.*/, "Light from the Sun holds all colours. The air scatters **blue** light far more than red, so wherever you look, " +
    "some of that scattered blue reaches your eyes.\n\nAt sunset the light crosses more air, most of the blue is lost on the way, and red remains."],
];
