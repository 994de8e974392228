"""Attempts to reach the interpreter behind a template. Each must fail, or render as the reference's sandbox does."""

ROOTS = ["''", "[]", "{}", "()", "5", "1.5", "none", "true", "nope", "messages", "range", "namespace()", "cycler",
         "joiner", "dict", "lipsum", "raise_exception", "loop", "self", "caller", "strftime_now"]
CHAINS = [
    "{{ %s.__class__ }}", "{{ %s.__class__.__mro__ }}", "{{ %s['__class__'] }}", "{{ %s['__class__']['__base__'] }}",
    "{{ %s.__init__.__globals__ }}", "{{ %s|attr('__class__') }}", "{{ (%s|attr('__class__'))|attr('__mro__') }}",
    "{{ %s.__class__.__base__.__subclasses__() }}",
]
VARIABLES = {"messages": [{"role": "user", "content": "hi"}]}
CASES = [(chain % root, VARIABLES) for root in ROOTS for chain in CHAINS
         if not (root in ("self", "lipsum", "dict", "cycler", "joiner", "range", "raise_exception", "strftime_now", "namespace()")
                 and "['" in chain)]
CASES += [(template, VARIABLES) for template in [
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ joiner.__init__.__globals__['os']['popen']('id')['read']() }}",
    "{{ namespace.__init__.__globals__.os.system('id') }}",
    "{{ lipsum.__globals__.os.popen('id').read() }}",
    "{{ lipsum.__globals__['__builtins__']['__import__']('os') }}",
    "{{ self.__init__.__globals__.__builtins__.__import__('os').popen('id').read() }}",
    "{{ self._TemplateReference__context.cycler.__init__.__globals__.os }}",
    "{{ config.items() }}", "{{ request.application.__globals__ }}", "{{ get_flashed_messages.__globals__ }}",
    "{{ url_for.__globals__ }}", "{{ self }}", "{{ self.x }}", "{{ context }}", "{{ environment }}", "{{ _ }}", "{{ __builtins__ }}",
    "{{ [].__class__.__base__.__subclasses__()[104].load_module('os').system('ls') }}",
    "{{ ()|attr('\\x5f\\x5fclass\\x5f\\x5f')|attr('\\x5f\\x5fbase\\x5f\\x5f') }}",
    "{{ ''|attr('__cla'~'ss__') }}", "{{ ''|attr(['__class', '__']|join) }}", "{{ ''|attr('%s%s' % ('__cla', 'ss__')) }}",
    "{{ ''|attr('\\u005f\\u005fclass\\u005f\\u005f') }}", "{{ messages|map(attribute='__class__')|list }}",
    "{{ messages|map('attr', '__class__')|list }}", "{{ [messages]|map(attribute='0.__class__.__mro__')|list }}",
    "{{ messages|selectattr('__class__')|list }}", "{{ messages|groupby('__class__') }}", "{{ messages|sum(attribute='__class__') }}",
    "{{ messages|sort(attribute='__class__') }}", "{{ messages|join(attribute='__class__') }}",
    "{{ '{0.__class__}'.format(5) }}", "{{ '{0.__class__.__mro__}'.format(5) }}", "{{ '{0.__init__.__globals__}'.format(cycler) }}",
    "{{ '{a.__class__}'.format(a=messages) }}", "{{ '{0[__class__]}'.format(5) }}", "{{ '{a.__class__.__base__}'.format_map({'a': 1}) }}",
    "{{ ('{0.__class__.__mro__}'|safe).format(5) }}", "{{ '%s' % ''.__class__ }}", "{{ ''.__class__ ~ 'x' }}",
    "{{ messages.append({'role': 'system'}) }}", "{{ messages[0].update({'role': 'system'}) }}", "{{ messages[0].pop('role') }}",
    "{{ messages.clear() }}", "{{ messages[0].setdefault('x', 1) }}", "{{ messages|attr('append')(1) }}", "{{ messages['append'](1) }}",
    "{% set f = messages.append %}{{ f(1) }}", "{{ [messages.append]|first is defined }}", "{{ [1]|map('messages.append')|list }}",
    "{% for x in ''.__class__.__mro__ %}{{ x }}{% endfor %}", "{% for x in ''.__class__ %}{{ x }}{% endfor %}ok", "{% set x = ''.__class__ %}{{ x.__base__ }}",
    "{% if ''.__class__ %}yes{% else %}no{% endif %}", "{% macro f() %}{% endmacro %}{{ f.__globals__ }}", "{% macro f() %}{% endmacro %}{{ f._func }}{{ f._environment }}",
    "{% macro f() %}{% endmacro %}{{ f._func.__globals__ }}", "{% for i in [1] %}{{ loop.__class__ }}{{ loop._iterable }}{% endfor %}", "{% for i in [1] %}{{ loop._undefined.x }}{% endfor %}",
    "{{ namespace()._Namespace__attrs }}", "{{ namespace().__dict__ }}", "{% set ns = namespace() %}{% set ns.__class__ = 1 %}{{ ns.a }}", "{{ nope.__class__ }}",
    "{{ ''.encode().decode.__self__ }}", "{{ ''.join.__self__ }}", "{{ ''.upper.__name__ }}", "{{ {}.get.__self__.x }}",
    "{% include 'x' %}", "{% import 'os' as os %}", "{% from 'os' import path %}", "{% extends 'x' %}", "{% include '/etc/passwd' ignore missing without context %}",
    "{{ dict.__base__ }}", "{{ dict.mro }}", "{{ dict.fromkeys }}", "{{ range.start }}", "{{ (1).real }}", "{{ 'a'.encode('utf8') }}", "{{ 'a'.translate({97: 'b'}) }}", "{{ 'a'.maketrans('a', 'b') }}",
    "{{ strftime_now.__self__ }}", "{{ raise_exception.__code__ }}", "{{ raise_exception.__closure__ }}", "{{ open('/etc/passwd') }}", "{{ eval('1') }}", "{{ exec('1') }}", "{{ __import__('os') }}", "{{ print(1) }}", "{{ getattr('', 'upper') }}", "{{ type(5) }}", "{{ vars() }}", "{{ globals() }}",
    "{{ messages.0.role.__class__.__base__ }}", "{{ messages[0]['__class__'] }}", "{{ messages[0]|attr('role') is defined }}", "{{ [1][''.__class__] }}", "{{ {}[''.__class__] }}", "{{ ''[''.__class__] is defined }}",
]]
# What the reference shows of its own objects differs from one run to the next, or is more than we hold.
LEFT_OUT = ["{{ self }}", "{{ dict.fromkeys }}", "{{ range.start }}", "{{ (1).real }}", "{{ 'a'.encode('utf8') }}", "{{ 'a'.translate({97: 'b'}) }}",
            "{{ 'a'.maketrans('a', 'b') }}", "{{ self.x }}", "{% set ns = namespace() %}{% set ns.__class__ = 1 %}{{ ns.a }}", "{{ ''.encode().decode.__self__ }}"]
CASES = [case for case in CASES if case[0] not in LEFT_OUT]
