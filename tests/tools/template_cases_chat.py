"""Chat templates of our own over a few conversations. Between them they use what published templates use."""

CHATML_TOOLS = """\
{%- if tools %}
    {{- '<|turn|>system\\n' }}
    {%- if messages[0].role == 'system' %}
        {{- messages[0].content + '\\n\\n' }}
    {%- endif %}
    {{- "Functions you may call:\\n" }}
    {%- for tool in tools %}
        {{- tool | tojson }}
        {{- "\\n" }}
    {%- endfor %}
    {{- '<|end|>\\n' }}
{%- elif messages[0].role == 'system' %}
    {{- '<|turn|>system\\n' + messages[0].content + '<|end|>\\n' }}
{%- endif %}
{%- set ns = namespace(last=messages|length - 1, seeking=true) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.seeking and message.role == "user" and message.content is string and not(message.content.startswith('<result>') and message.content.endswith('</result>')) %}
        {%- set ns.seeking = false %}
        {%- set ns.last = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if message.content is string %}
        {%- set content = message.content %}
    {%- else %}
        {%- set content = '' %}
    {%- endif %}
    {%- if message.role == "user" or (message.role == "system" and not loop.first) %}
        {{- '<|turn|>' + message.role + '\\n' + content + '<|end|>' + '\\n' }}
    {%- elif message.role == "assistant" %}
        {%- set thought = '' %}
        {%- if message.reasoning_content is string %}
            {%- set thought = message.reasoning_content %}
        {%- elif '</think>' in content %}
            {%- set thought = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
            {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
        {%- endif %}
        {%- if loop.index0 > ns.last and (loop.last or (not loop.last and thought)) %}
            {{- '<|turn|>' + message.role + '\\n<think>\\n' + thought.strip('\\n') + '\\n</think>\\n\\n' + content.lstrip('\\n') }}
        {%- else %}
            {{- '<|turn|>' + message.role + '\\n' + content }}
        {%- endif %}
        {%- if message.tool_calls %}
            {%- for call in message.tool_calls %}
                {%- if (loop.first and content) or (not loop.first) %}{{- '\\n' }}{%- endif %}
                {%- if call.function %}{%- set call = call.function %}{%- endif %}
                {{- '<call>\\n{"name": "' }}
                {{- call.name }}
                {{- '", "arguments": ' }}
                {%- if call.arguments is string %}{{- call.arguments }}{%- else %}{{- call.arguments | tojson }}{%- endif %}
                {{- '}\\n</call>' }}
            {%- endfor %}
        {%- endif %}
        {{- '<|end|>\\n' }}
    {%- elif message.role == "tool" %}
        {%- if loop.first or (messages[loop.index0 - 1].role != "tool") %}{{- '<|turn|>user' }}{%- endif %}
        {{- '\\n<result>\\n' }}{{- content }}{{- '\\n</result>' }}
        {%- if loop.last or (messages[loop.index0 + 1].role != "tool") %}{{- '<|end|>\\n' }}{%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|turn|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}{{- '<think>\\n\\n</think>\\n\\n' }}{%- endif %}
{%- endif %}
"""

ALTERNATING = """\
{{ bos_token }}{% if messages[0]['role'] == 'system' %}{% set first = messages[0]['content'] | trim + '\\n\\n' %}{% set turns = messages[1:] %}{% else %}{% set first = '' %}{% set turns = messages %}{% endif %}
{%- for message in turns %}
  {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}
    {{- raise_exception('Roles must alternate, but message ' ~ loop.index ~ ' is from ' ~ message['role']) }}
  {%- endif %}
  {%- set role = 'model' if message['role'] == 'assistant' else message['role'] %}
{{ '[' + role + ']' }} {{ first if loop.first }}{% if message['content'] is iterable and message['content'] is not string %}
    {%- for part in message['content'] %}{% if part['type'] == 'text' %}{{ part['text'] | trim }}{% elif part['type'] == 'image' %}<image>{% endif %}{% endfor %}
  {%- else %}{{ message['content'] | trim }}{% endif %}{{ eos_token if message['role'] == 'assistant' }}
{% endfor %}
{% if add_generation_prompt %}[model]{% endif %}
"""

DATED = """\
{{- bos_token }}
{%- if not date_string is defined %}
    {%- if strftime_now is defined %}
        {%- set date_string = strftime_now("%d %b %Y") %}
    {%- else %}
        {%- set date_string = "26 Jul 2024" %}
    {%- endif %}
{%- endif %}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<h>system</h>\\n\\n" }}
{%- if builtin_tools is defined or tools is not none %}{{- "Environment: python\\n" }}{%- endif %}
{%- if builtin_tools is defined %}{{- "Tools: " + builtin_tools | reject('equalto', 'interpreter') | join(", ") + "\\n\\n"}}{%- endif %}
{{- "Today is " + date_string + "\\n\\n" }}
{%- if tools is not none and tools is defined %}
    {%- for t in tools %}
        {{- t | tojson(indent=4) }}
        {{- "\\n\\n" }}
    {%- endfor %}
{%- endif %}
{{- system_message }}
{{- "<eot>" }}
{%- for message in messages %}
    {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
        {{- '<h>' + message['role'] + '</h>\\n\\n'+ message['content'] | trim + '<eot>' }}
    {%- elif 'tool_calls' in message %}
        {%- if not message.tool_calls|length == 1 %}
            {{- raise_exception("Only one call at once") }}
        {%- endif %}
        {%- set call = message.tool_calls[0].function %}
        {{- '<h>assistant</h>\\n\\n{"name": "' + call.name + '", "parameters": ' }}
        {{- call.arguments | tojson }}
        {{- "}" }}
        {{- "<eot>" }}
    {%- elif message.role == "tool" or message.role == "ipython" %}
        {{- "<h>ipython</h>\\n\\n" }}
        {%- if message.content is mapping or message.content is iterable and message.content is not string %}
            {{- message.content | tojson }}
        {%- else %}
            {{- message.content }}
        {%- endif %}
        {{- "<eot>" }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<h>assistant</h>\\n\\n' }}
{%- endif %}
"""

SCHEMA = """\
{#- Renders tools as types. -#}
{%- macro type_of(spec, required=[], nullable=false, depth=0) -%}
    {%- if spec.type == "array" -%}
        {%- if spec['items'] -%}{{- type_of(spec['items'], depth=depth + 1) }}[]{%- else -%}any[]{%- endif -%}
    {%- elif spec.type is defined and spec.type is iterable and spec.type is not string and spec.type is not mapping -%}
        {{- spec.type | join(' | ') -}}
    {%- elif spec.oneOf -%}
        {%- for v in spec.oneOf -%}
            {{- type_of(v, depth=depth + 1) -}}{%- if v.description %}{{- ' // ' + v.description }}{%- endif -%}
            {%- if not loop.last %}{{- " | " }}{% endif -%}
        {%- endfor -%}
    {%- elif spec.enum -%}
        {{- '"' + spec.enum|join('" | "') + '"' -}}
    {%- elif spec.type == "object" -%}
        {%- if spec.properties -%}
            {{- "{\\n" }}
            {%- for name, inner in spec.properties.items() -%}
                {{- '  ' * (depth + 1) ~ name -}}
                {%- if name not in (spec.required or []) -%}{{- "?" }}{%- endif -%}
                {{- ": " ~ type_of(inner, spec.required or [], depth=depth + 1) }}
                {%- if inner.default is defined %}{{ " = " ~ inner.default|tojson }}{%- endif -%}
                {{ ",\\n" if not loop.last else "\\n" }}
            {%- endfor -%}
            {{- '  ' * depth + "}" }}
        {%- else -%}object{%- endif -%}
    {%- else -%}{{- {'string': 'str', 'integer': 'int', 'number': 'float', 'boolean': 'bool'}.get(spec.type, 'any') -}}{%- endif -%}
    {%- if nullable or spec.nullable %}{{- " | null" }}{%- endif -%}
{%- endmacro -%}
{%- macro section(title) -%}
# {{ title | upper }}
{{ caller() -}}
{% endmacro -%}
{%- if tools %}
{%- call section('tools') %}
{%- for tool in tools | map(attribute='function') %}
{{- loop.index ~ '. ' ~ tool.name ~ ' = (_: ' ~ type_of(tool.parameters) ~ ') => any;' }}
{% endfor -%}
{% endcall %}
{%- endif %}
{%- set roles = namespace(seen=[]) -%}
{%- for message in messages -%}
    {%- set roles.seen = roles.seen + [message.role] -%}
    {%- if message.tool_calls is defined and message.tool_calls is not none -%}
        {%- for call in message.tool_calls -%}
            {%- set args = call.function.arguments -%}
            <call name="{{ call.function.name }}"{% if call.id %} id="{{ call.id | string | replace('"', '&quot;') }}"{% endif %}>
            {%- for k, v in args | dictsort %}<arg {{ k }}>{{ v if v is string else v | tojson(separators=(',', ':')) }}</arg>{% endfor -%}
            </call>
        {%- endfor -%}
    {%- else -%}
        <{{ message.role }}>{{ message.content if message.content is string else message.content | selectattr('type', 'equalto', 'text') | map(attribute='text') | join('\\n') }}</{{ message.role }}>
    {%- endif -%}
{%- endfor -%}
{{- '\\n' ~ roles.seen | unique | sort | join(',') -}}
"""

CUT = """\
{%- set ns = namespace(system='', tool=false, n=0) -%}
{%- for message in messages if message.role in ['system', 'developer'] -%}
    {%- set ns.system = (ns.system ~ '\\n' ~ message.content) if ns.system else message.content -%}
{%- endfor -%}
{%- macro flush() -%}
    {%- if ns.tool -%}{{- '</outputs>' -}}{%- set ns.tool = false -%}{%- endif -%}
{%- endmacro -%}
{{- bos_token ~ ns.system -}}
{%- for message in messages -%}
    {%- if message.role == 'system' -%}{%- continue -%}{%- endif -%}
    {%- if message.role != 'tool' -%}{{- flush() -}}{%- endif -%}
    {%- if message.role == 'user' -%}
        {%- set ns.n = ns.n + 1 -%}
        {%- if ns.n > 2 -%}{{- '...' -}}{%- break -%}{%- endif -%}
        {%- set body %}{% filter trim %}{{ message.content }}{% endfilter %}{% endset -%}
        {{- '<User ' ~ '%02d' % ns.n ~ '>' ~ body -}}
    {%- elif message.role == 'assistant' -%}
        {%- generation -%}
        {{- '<Assistant>' + (message.content or '') ~ ('' if message.content is none else eos_token) -}}
        {%- endgeneration -%}
    {%- elif message.role == 'tool' -%}
        {%- if not ns.tool -%}{{- '<outputs>' -}}{%- set ns.tool = true -%}{%- endif -%}
        {{- '[' ~ (message.name | default('tool', true)) ~ ': ' ~ message.content ~ ']' -}}
    {%- else -%}
        {{- raise_exception('Unknown role: ' + message.role) -}}
    {%- endif -%}
{%- else -%}
    {{- 'nobody spoke' -}}
{%- endfor -%}
{{- flush() -}}
{%- if add_generation_prompt and not ns.tool %}<Assistant>{% if thinking|default(true) %}<think>
{% endif %}{% endif -%}
"""

TOOL = {"type": "function", "function": {"name": "find_train", "description": "Looks up \"trains\" <b>.", "parameters": {
    "type": "object",
    "properties": {"from": {"type": "string", "description": "Bahnhof, e.g. Zürich"}, "via": {"type": "array", "items": {"type": "string"}},
                   "class": {"enum": ["first", "second"], "default": "second"}, "max_price": {"type": ["number", "null"], "default": 12.50},
                   "when": {"type": "object", "properties": {"hour": {"type": "integer"}, "flex": {"type": "boolean", "nullable": True}}, "required": ["hour"]},
                   "who": {"oneOf": [{"type": "string", "description": "a name"}, {"type": "integer"}]}},
    "required": ["from"]}}}
CALL = {"role": "assistant", "content": None, "tool_calls": [{"id": "c\"1", "type": "function", "function": {
    "name": "find_train", "arguments": {"from": "Zürich HB", "via": ["Olten"], "max_price": 1e3, "when": {"hour": 9}}}}]}
ANSWER = {"role": "tool", "name": "find_train", "tool_call_id": "c\"1", "content": "{\"train\": \"IC 1\"}"}
CONVERSATIONS = [
    {"messages": [{"role": "user", "content": "Why is the sky blue?"}], "add_generation_prompt": True, "tools": None},
    {"messages": [{"role": "system", "content": " Be terse.\n"}, {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."},
                  {"role": "user", "content": "  2+2?\n"}], "add_generation_prompt": True, "tools": None},
    {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "reasoning_content": "Two and two.", "content": "4"}], "add_generation_prompt": False},
    {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "<think>\nTwo and two.\n</think>\n\n4"}, {"role": "user", "content": "Sure?"}],
     "add_generation_prompt": True, "enable_thinking": False, "thinking": False},
    {"messages": [{"role": "user", "content": "A train, please."}], "tools": [TOOL], "add_generation_prompt": True, "builtin_tools": ["interpreter", "search"]},
    {"messages": [{"role": "user", "content": "A train, please."}, CALL, ANSWER], "tools": [TOOL], "add_generation_prompt": True},
    {"messages": [{"role": "user", "content": "A train, please."}, CALL, ANSWER, ANSWER, {"role": "assistant", "content": "IC 1."}, {"role": "user", "content": "Danke"}],
     "tools": [TOOL, TOOL], "add_generation_prompt": True},
    {"messages": [{"role": "user", "content": [{"type": "text", "text": "What is <this> & \"that\"?"}, {"type": "image"}]}], "add_generation_prompt": True, "tools": None},
    {"messages": [{"role": "user", "content": "A"}, {"role": "user", "content": "B"}, {"role": "user", "content": "C"}], "add_generation_prompt": True, "tools": None},
    {"messages": [], "add_generation_prompt": True, "tools": None},
    {"messages": [{"role": "critic", "content": "x"}], "date_string": "1 Jan 1970", "tools": None},
]
CASES = [(template, {"bos_token": "<s>", "eos_token": "</s>", **conversation})
         for template in (CHATML_TOOLS, ALTERNATING, DATED, SCHEMA, CUT) for conversation in CONVERSATIONS]
