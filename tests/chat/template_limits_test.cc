// Templates that want too much: each stops at a limit, in time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <time.h>

#include "chat/render.h"

namespace candor {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

std::string Times(int count, std::string_view text) {
  std::string out;
  for (int i = 0; i < count; ++i) out += text;
  return out;
}

double ThreadSeconds() {
  timespec now;
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// A sanitizer's checks make code five times slower, and the clock is looked at between steps.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr double kAllowed = 20e-3;
#else
constexpr double kAllowed = 2e-3;
#endif

// Fails, and within twice the time that it may take.
void ExpectStops(const std::string& text, std::string_view json = "{}") {
  SCOPED_TRACE(text.substr(0, 300));
  const TemplateLimits limits;
  const double begin = ThreadSeconds();
  try {
    Render(text, json, limits);
    ADD_FAILURE() << "rendered";
  } catch (const LimitError&) {
  } catch (const TemplateError&) {
  }
  EXPECT_LT(ThreadSeconds() - begin, kAllowed * static_cast<double>(limits.time.count()));
}

TEST(TemplateLimits, EndlessLoopsStop) {
  ExpectStops("{% for i in range(10**9) %}x{% endfor %}");
  ExpectStops("{% for i in range(100000) %}{% for j in range(100000) %}{{ i * j }}{% endfor %}{% endfor %}");
  ExpectStops("{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}");
  ExpectStops("{% for i in range(100000) %}{% for j in range(100000) if false %}{% endfor %}{% endfor %}");
  ExpectStops("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}");
  ExpectStops("{% macro f() %}{{ g() }}{% endmacro %}{% macro g() %}{{ f() ~ f() }}{% endmacro %}{{ f() }}");
  ExpectStops("{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}");
  ExpectStops("{% for x in [[]] recursive %}{{ loop([[]]) }}{% endfor %}");
  ExpectStops("{% macro f() %}{% call f() %}{% endcall %}{% endmacro %}{{ f() }}");
  ExpectStops("{% set ns = namespace(l=[1]) %}{% for i in range(100) %}{% set ns.l = ns.l + ns.l %}{% endfor %}");
  ExpectStops(
      "{% set ns = namespace(g=range(100000)) %}{% for i in range(100000) %}{{ ns.g|list|length }}{% endfor %}");
}

TEST(TemplateLimits, HugeStringsStop) {
  ExpectStops("{{ 'a' * 10**12 }}");
  ExpectStops("{{ 'ab' * 9223372036854775807 }}");
  ExpectStops("{{ [1] * 9223372036854775807 }}");
  ExpectStops("{{ ['a'] * 10**9 }}");
  const std::string doubling = "{% set ns = namespace(s='ab') %}{% for i in range(100) %}";
  ExpectStops(doubling + "{% set ns.s = ns.s ~ ns.s %}{% endfor %}{{ ns.s }}");
  ExpectStops(doubling + "{% set ns.s = ns.s.replace('', ns.s) %}{% endfor %}");
  const std::string big = "{% set s = 'a' * 4000000 %}", many = "{% for i in range(100000) %}";
  ExpectStops(big + "{{ s.replace('a', s) }}");
  ExpectStops(big + "{{ s | replace('a', 'bbbb') }}");
  ExpectStops(big + "{{ s.join(s) }}");
  ExpectStops(big + "{{ [s, s, s] | join }}");
  ExpectStops(big + many + "{% set t = s ~ i %}{% endfor %}");
  ExpectStops(big + many + "{% if 'b' in s %}{% endif %}{% endfor %}");
  ExpectStops(big + many + "{% if s.find('b') > 0 %}{% endif %}{% endfor %}");
  ExpectStops(big + many + "{% if (s ~ '') == s %}{% endif %}{% endfor %}");
  ExpectStops(big + many + "{% if s is lower %}{% endif %}{% endfor %}");
  ExpectStops(big + many + "{% if s | int == 1 %}{% endif %}{% endfor %}");
  ExpectStops(big + "{{ (s ~ 'b').find(s[:2000000] ~ 'c') }}{{ (s ~ 'b').rfind('c' ~ s[:2000000]) }}" + many +
              "{{ (s ~ 'b').count(s[:2000000] ~ 'c') }}{% endfor %}");
  ExpectStops("{% set s = 'é' * 2000000 %}" + many + "{{ s[1000000] }}{% endfor %}");
  ExpectStops("{{ 'a'.center(10**12) }}");
  ExpectStops("{{ 'a'.zfill(10**12) }}");
  ExpectStops("{{ 'a' | indent(10**12) }}");
  ExpectStops("{{ '%1000000000d' % 1 }}");
  ExpectStops("{{ '%.1000000000f' % 1.5 }}");
  ExpectStops("{{ '{:1000000000}'.format(1) }}");
  ExpectStops("{{ [1] | tojson(indent=10**12) }}");
  ExpectStops("{{ [1] | batch(10**12, 'x') | list }}");
  ExpectStops("{{ [1] | slice(10**12) | list }}");
  ExpectStops("{{ 'a\tb'.expandtabs(10**12) }}");
  ExpectStops(many + "{{ 'a' * 100000 }}{% endfor %}");
  ExpectStops("{{ ('\\x00' * 4000000) | tojson | length }}");
  ExpectStops(big + "{{ {s: 1, s ~ 'b': 2}.keys() | list | tojson(indent=s) | length }}");
}

TEST(TemplateLimits, SharedValuesAreNotWalkedForEver) {
  const auto doubled = [](const std::string& name, const std::string& open, const std::string& close) {
    return "{% set ns." + name + " = " + open + "1," + close + " %}{% for i in range(60) %}{% set ns." + name + " = " +
           open + "ns." + name + ", ns." + name + close + " %}{% endfor %}";
  };
  const std::string space = "{% set ns = namespace() %}";
  const std::string lists = space + doubled("x", "[", "]"), tuples = space + doubled("x", "(", ")");
  ExpectStops(lists + "{{ ns.x }}");
  ExpectStops(lists + "{{ ns.x | tojson }}");
  ExpectStops(lists + doubled("y", "[", "]") + "{{ ns.x == ns.y }}");
  ExpectStops(tuples + "{{ {ns.x: 1} }}");
  ExpectStops(tuples + "{{ [ns.x, ns.x] | unique | list | length }}");
  ExpectStops(tuples + doubled("y", "(", ")") + "{{ ns.x < ns.y }}");
}

TEST(TemplateLimits, DeepNestingStops) {
  for (const int depth : {100, 10'000, 100'000}) {
    ExpectStops("{{ " + Times(depth, "(") + "1" + Times(depth, ")") + " }}");
    ExpectStops("{{ " + Times(depth, "[") + Times(depth, "]") + " }}");
    ExpectStops("{{ " + Times(depth, "{1:") + "1" + Times(depth, "}") + " }}");
    ExpectStops("{{ " + Times(depth, "not ") + "1 }}");
    ExpectStops("{{ " + Times(depth, "-") + "1 }}");
    ExpectStops("{{ " + Times(depth, "a[") + "1" + Times(depth, "]") + " }}");
    ExpectStops("{{ " + Times(depth, "a(") + Times(depth, ")") + " }}");
    ExpectStops("{{ 1" + Times(depth, " if 1") + " }}");
    ExpectStops("{{ " + Times(depth, "1 if 1 else ") + "1 }}");
    ExpectStops("{{ 1" + Times(depth, " is eq(1") + Times(depth, ")") + " }}");
    ExpectStops("{{ 1" + Times(depth, "|default(1") + Times(depth, ")") + " }}");
    ExpectStops(Times(depth, "{% if 1 %}") + Times(depth, "{% endif %}"));
    ExpectStops(Times(depth, "{% for i in [1] %}") + Times(depth, "{% endfor %}"));
    ExpectStops(Times(depth, "{% macro f() %}") + Times(depth, "{% endmacro %}"));
    ExpectStops("{% set " + Times(depth, "(") + "a" + Times(depth, ")") + " = 1 %}");
    ExpectStops("{{ " + Times(depth, "("));
    ExpectStops(Times(depth, "{% if 1 %}"));
  }
}

TEST(TemplateLimits, NestedValuesStop) {
  const auto grow = [](const std::string& start, const std::string& next) {
    return "{% set ns = namespace(x=" + start + ") %}{% for i in range(100000) %}{% set ns.x = " + next +
           " %}{% endfor %}";
  };
  ExpectStops(grow("[]", "[ns.x]"));
  ExpectStops(grow("()", "(ns.x,)"));
  ExpectStops(grow("{}", "{'a': ns.x}"));
  ExpectStops(grow("[]", "ns.x | map('upper')"));
  ExpectStops(grow("[]", "ns.x | reverse"));
  ExpectStops(grow("[]", "ns.x | batch(2)"));
  ExpectStops(grow("[]", "ns.x | unique"));
  ExpectStops(grow("{}", "{'a': ns.x}.items()"));
  ExpectStops(grow("1", "cycler(ns.x)"));
  ExpectStops(grow("1", "cycler(ns.x).next"));
  ExpectStops(grow("1", "joiner(ns.x)"));
  ExpectStops(grow("1", "namespace(y=ns.x)") + "{{ ns }}");
  ExpectStops(
      "{% set ns = namespace(x=1) %}{% for i in range(100000) %}{% for j in [ns.x] %}{% set ns.x = loop %}{% endfor %}"
      "{% endfor %}");
}

// What refers to itself neither hangs nor leaks; the leak is what the address sanitizer looks for.
TEST(TemplateLimits, CyclesAreTakenApart) {
  const std::string space = "{% set ns = namespace() %}";
  EXPECT_EQ(Render(space + "{% set ns.a = ns %}{% set ns.b = [ns] %}ok"), "ok");
  EXPECT_EQ(Render(space + "{% set b = namespace(a=ns) %}{% set ns.b = b %}{{ ns.b.a is defined }}"), "True");
  EXPECT_EQ(Render("{% macro f() %}{{ f is defined }}{% endmacro %}{{ f() }}"), "True");
  EXPECT_EQ(Render("{% for i in [1] %}{{ loop.changed(loop) }}{% endfor %}"), "True");
  EXPECT_EQ(Render(space + "{% for i in [1] %}{% set ns.l = loop %}{{ loop.changed(ns) }}{% endfor %}"), "True");
  EXPECT_EQ(Render(space + "{% macro f() %}{{ ns.f is defined }}{% endmacro %}{% set ns.f = f %}{{ f() }}"), "True");
  EXPECT_EQ(Render(space + "{% set ns.c = cycler(ns, 1) %}{% set ns.j = joiner(ns) %}ok"), "ok");
  EXPECT_EQ(Render(space + "{% set ns.g = [ns] | map(attribute='x') %}ok"), "ok");
  ExpectStops(space + "{% set ns.a = ns %}{{ ns }}");
  ExpectStops(space + "{% set ns.a = [ns] %}{{ ns.a | string }}");
  // Many of them in one chain: taken apart without recursion.
  EXPECT_EQ(Render("{% set ns = namespace(x=1) %}{% for i in range(50000) %}{% set ns.x = namespace(y=ns.x) %}"
                   "{% endfor %}ok"),
            "ok");
}

// Runs on a thread with a stack of `bytes`.
void OnSmallStack(size_t bytes, void (*body)()) {
  pthread_attr_t attributes;
  ASSERT_EQ(::pthread_attr_init(&attributes), 0);
  ASSERT_EQ(::pthread_attr_setstacksize(&attributes, bytes), 0);
  pthread_t thread;
  const auto run = [](void* argument) -> void* {
    reinterpret_cast<void (*)()>(argument)();
    return nullptr;
  };
  ASSERT_EQ(::pthread_create(&thread, &attributes, run, reinterpret_cast<void*>(body)), 0);
  ::pthread_join(thread, nullptr);
  ::pthread_attr_destroy(&attributes);
}

TEST(TemplateLimits, TheDeepestRenderingsFitASmallStack) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  constexpr size_t kStack = 16u << 20;
#else
  constexpr size_t kStack = 2u << 20;
#endif
  OnSmallStack(kStack, [] {
    // As deep as the source may nest, in calls as deep as they may nest.
    ExpectStops("{% macro f(x) %}{{ " + Times(50, "[(not ") + "f(x)" + Times(50, ")]") + " }}{% endmacro %}{{ f(1) }}");
    ExpectStops("{% macro f(x) %}" + Times(40, "{% if 1 %}{% for i in [1] %}") + "{{ f(x) }}" +
                Times(40, "{% endfor %}{% endif %}") + "{% endmacro %}{{ f(1) }}");
    ExpectStops("{% macro f(x) %}" + Times(25, "{% if 1 %}{% for i in [1] %}") + "{{ f(x)|map('upper')|list }}" +
                Times(25, "{% endfor %}{% endif %}") + "{% endmacro %}{{ f(1) }}");
    ExpectStops("{% macro f() %}{% call f() %}{{ caller() }}{% endcall %}{% endmacro %}{{ f() }}");
    EXPECT_EQ(Render("{{ " + Times(60, "(") + "1" + Times(60, ")") + " }}"), "1");
    EXPECT_EQ(Render("{% set ns = namespace(x=[]) %}{% for i in range(98) %}{% set ns.x = [ns.x] %}{% endfor %}"
                     "{{ ns.x|string|length }}{{ ns.x|tojson|length }}{{ ns.x == [ns.x] }}"),
              "198198False");
  });
}

TEST(TemplateLimits, SourcesAreReadInLinearTime) {
  ExpectStops(Times(300'000, "{{"));
  ExpectStops(Times(300'000, "{%"));
  ExpectStops(Times(300'000, "{#"));
  ExpectStops("{% raw %}" + Times(300'000, "{%"));
  ExpectStops("{% raw %}" + Times(100'000, "{% endraw"));
  ExpectStops("{{ '" + Times(500'000, "\\"));
  ExpectStops("{{ " + Times(900'000, "a"));
  ExpectStops("{{ " + Times(900'000, "1"));
  ExpectStops("{{ " + Times(400'000, "1_") + " }}");
  ExpectStops("{% macro f(" + Times(100'000, "a,") + ") %}{% endmacro %}");
  EXPECT_EQ(Render(Times(300'000, "\n ")).size(), 600'000u);
  EXPECT_EQ(Render(Times(200'000, "{#a#}")), "");
  EXPECT_EQ(Render("{{ 1" + Times(30'000, "+1") + " }}"), "30001");
  EXPECT_EQ(Render("{{ 1" + Times(30'000, "|int") + " }}"), "1");
  EXPECT_EQ(Render("{% if 0 %}" + Times(15'000, "{% elif 0 %}") + "{% else %}x{% endif %}"), "x");
  EXPECT_EQ(Render(Times(5'000, "{% if 1 %}{% set a = 1 %}{% endif %}") + "{{ a }}"), "1");
}

TEST(TemplateLimits, ManyNamesAreResolvedInLinearTime) {
  std::string names;
  for (int i = 0; i < 30'000; ++i) names += (i ? ",a" : "a") + std::to_string(i);
  ExpectStops(Times(60, "{% if 1 %}") + "{% set " + names + " = 1 %}" + Times(60, "{% endif %}"));
  ExpectStops(Times(60, "{% if 1 %}") + "{% set " + names + " = 1 %}" + Times(60, "{% else %}{% endif %}"));
  ExpectStops(Times(30, "{% for b in [1] %}{% if 1 %}") + "{% set " + names + " = 1 %}" +
              Times(30, "{% endif %}{% endfor %}"));
  ExpectStops("{% macro f(" + names + ") %}{% endmacro %}{{ x.y }}");
}

// What every token may become is larger than its text: without a limit, a source that may be read would take hundreds
// of times its size.
TEST(TemplateLimits, ASourceOfTooManyTokensIsRefused) {
  // What is behind the @ is repeated.
  for (const std::string_view text : {"{{ a@|a",
                                      "{{ a@.a",
                                      "{{ a@()",
                                      "{{ a@[1]",
                                      "{{ a@ is a()",
                                      "{{ 1@~1",
                                      "{{ 1@+1",
                                      "{{ 1@<1",
                                      "{{ 1@ or 1",
                                      "{{ @'a'",
                                      "{{ [@1,",
                                      "{{ {@1:1,",
                                      "{{ a(@1,",
                                      "{{ a(@a=1,",
                                      "{% set @a,",
                                      "@{% set a = 1 %}",
                                      "@{{ a }}",
                                      "@a{##}",
                                      "@{% if a %}{% endif %}",
                                      "{% if a %}@{% elif a %}",
                                      "@{% for a in a %}{% endfor %}",
                                      "@{% macro a() %}{% endmacro %}",
                                      "@{% with a = 1 %}{% endwith %}"}) {
    const size_t at = text.find('@');
    const std::string source =
        std::string(text.substr(0, at)) + Times(70'000, text.substr(at + 1)).substr(0, 1'000'000);
    EXPECT_THAT([&] { Render(source); },
                ThrowsMessage<LimitError>(HasSubstr("test:1: the template has more than 65536 tokens")))
        << text;
  }
  // The line is that of the first token beyond the limit; a token that ends the template is none.
  const std::string most = "{{ 1\n" + Times(32'766, "+1") + " }}a";
  EXPECT_EQ(Render(most), "32767a");
  EXPECT_THAT([&] { Render(most + "{#\n#}\n{{ 1"); },
              ThrowsMessage<LimitError>("test:4: the template has more than 65536 tokens (names, literals, operators, "
                                        "delimiters, stretches of text)"));
}

TEST(TemplateLimits, ASourceBeyondTheLimitIsRefused) {
  EXPECT_THAT([] { Render(Times(1 << 20, "ab")); },
              ThrowsMessage<LimitError>("test: a template of 2097152 bytes; at most 1048576 are read"));
}

TEST(TemplateLimits, MessagesSayWhichLimitAndWhere) {
  const auto expect = [](std::string_view text, const TemplateLimits& limits, const std::string& message) {
    EXPECT_THAT([&] { Render(text, "{}", limits); }, ThrowsMessage<LimitError>(message));
  };
  TemplateLimits limits;
  limits.steps = 1000;
  expect("a\n{% for i in range(1000) %}{% endfor %}", limits, "test:2: rendering takes more than 1000 steps");
  limits = {};
  limits.output_bytes = 10;
  expect("{{ 'abcde' }}\n{{ 'fghijk' }}", limits, "test:2: a string would be longer than 10 bytes");
  limits = {};
  limits.built_bytes = 1000;
  expect("{% for i in range(100) %}{% set x = 'a' * 100 %}{% endfor %}", limits,
         "test:1: rendering builds more than 1000 bytes of values");
  limits = {};
  limits.depth = 5;
  expect("\n{{ ((((((1)))))) }}", limits, "test:2: the template nests deeper than 5");
  expect("{% macro f() %}{{ f() }}{% endmacro %}\n{{ f() }}", limits, "test:1: macros call each other deeper than 5");
  limits = {};
  limits.time = std::chrono::milliseconds(0);
  expect("{% for i in range(100000) %}{% endfor %}", limits, "test:1: rendering takes longer than 0 ms");
}

TEST(TemplateLimits, ALongConversationStaysWithinThem) {
  std::string json = R"({"messages": [)";
  for (int i = 0; i < 2000; ++i) {
    json += std::string(i ? "," : "") + R"({"role": ")" + (i % 2 ? "assistant" : "user") + R"(", "content": ")" +
            Times(50, "All work and no play. ") + R"("})";
  }
  json += "]}";
  const std::string text =
      "{% for m in messages %}{% set c = m.content %}{% if '</think>' in c %}{% set c = c.split('</think>')[-1] %}"
      "{% endif %}{{ '<|' + m.role + '|>' + c | trim + '\n' }}{% endfor %}";
  EXPECT_GT(Render(text, json).size(), 2'000'000u);
}

}  // namespace
}  // namespace candor
