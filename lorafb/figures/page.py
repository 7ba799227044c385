"""The report's page, as a template: one file, no script, nothing fetched from anywhere."""

PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 58rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
h1, h2 { line-height: 1.2; } h2 { margin-top: 2.5rem; }
figure { margin: 1.5rem 0; overflow-x: auto; } figure svg { max-width: 100%; height: auto; }
figcaption, .small { font-size: 0.85rem; color: #444; } nav { font-size: 0.9rem; columns: 2; } nav ul { margin: 0; }
.table { overflow-x: auto; } table { border-collapse: collapse; font-size: 0.9rem; }
th, td { padding: 0.25rem 0.7rem; border-bottom: 1px solid #ddd; text-align: left; } td.number { text-align: right; }
td:first-child { min-width: 11rem; }
.lead { font-size: 1.1rem; } .note { background: #fff4d6; padding: 0.6rem 1rem; border-radius: 4px; }
code, pre { font-size: 0.85rem; } pre { overflow-x: auto; background: #f6f6f6; padding: 0.8rem; }
</style>
</head>
<body>
<h1>{{ title }}</h1>
{% if made %}<p class="small">{{ made }}</p>{% endif %}

{% for note in notes %}<p class="note">{{ note }}</p>
{% endfor %}
{% for sentence in lead %}<p class="lead">{{ sentence }}</p>
{% endfor %}
<nav><ul>
{% for part in parts %}<li><a href="#{{ part.id }}">{{ part.title }}</a></li>
{% endfor %}
<li><a href="#how">How this was made</a></li>
</ul></nav>
{% for part in parts %}
<h2 id="{{ part.id }}">{{ part.title }}</h2>
{% if part.svg %}
<figure>{{ part.svg }}<figcaption>{{ part.caption }}</figcaption></figure>
{% else %}
<div class="table"><table>
<tr>{% for name in part.columns %}<th>{{ name }}</th>{% endfor %}</tr>
{% for row in part.rows %}<tr>{% for cell in row %}<td{% if cell.number %} class="number"{% endif %}>{{ cell.text }}</td>{% endfor %}</tr>
{% endfor %}</table></div>
<p class="small">{{ part.caption }}</p>
{% endif %}
{% if part.inputs %}
<details class="small"><summary>where it comes from</summary>
<p>Code <code>{{ part.code }}</code>; data <code>{{ part.data }}</code>; made from:</p>
<ul>{% for name, digest in part.inputs %}<li><code>{{ name }}</code> sha256 <code>{{ digest }}</code></li>{% endfor %}</ul></details>
{% endif %}
{% endfor %}
<h2 id="how">How this was made</h2>
{% if linked %}<details><summary>further figures, beside this page</summary>
<ul>{% for name, path in linked %}<li><a href="{{ path }}">{{ name }}</a></li>{% endfor %}</ul></details>{% endif %}

<p class="small">{% for name, version in versions %}{{ name }} {{ version }}{{ ", " if not loop.last else "." }}{% endfor %}</p>
<details><summary>the whole config, defaults spelt out</summary><pre>{{ config }}</pre></details>
</body>
</html>
"""
