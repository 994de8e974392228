#include "cli/terminal/markdown.h"

#include <md4c.h>

#include <algorithm>
#include <charconv>
#include <exception>
#include <string>

#include "base/check.h"
#include "cli/terminal/markdown_table.h"
#include "cli/terminal/printable.h"

namespace candor {
namespace {

constexpr unsigned kDialect = MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH | MD_FLAG_TASKLISTS | MD_FLAG_NOHTMLBLOCKS |
                              MD_FLAG_NOHTMLSPANS | MD_FLAG_LATEXMATHSPANS;
constexpr uint32_t kWidestRule = 60;
constexpr uint32_t kNarrowestText = 8;

// `entity` from '&' to ';'. Names beyond the common ones stay as they were written.
std::string DecodeEntity(std::string_view entity) {
  static constexpr std::pair<std::string_view, std::string_view> kNamed[] = {
      {"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&apos;", "'"}, {"&nbsp;", " "}};
  for (const auto& [name, text] : kNamed) {
    if (entity == name) return std::string(text);
  }
  if (!entity.starts_with("&#") || entity.size() < 4) return std::string(entity);
  const bool hex = entity[2] == 'x' || entity[2] == 'X';
  uint32_t code = 0;
  std::from_chars(entity.data() + (hex ? 3 : 2), entity.data() + entity.size() - 1, code, hex ? 16 : 10);
  if (code == 0 || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return "\uFFFD";
  std::string text;
  if (code < 0x80) {
    text += static_cast<char>(code);
  } else if (code < 0x800) {
    text += {static_cast<char>(0xC0 | (code >> 6)), static_cast<char>(0x80 | (code & 0x3F))};
  } else if (code < 0x10000) {
    text += {static_cast<char>(0xE0 | (code >> 12)), static_cast<char>(0x80 | ((code >> 6) & 0x3F)),
             static_cast<char>(0x80 | (code & 0x3F))};
  } else {
    text += {static_cast<char>(0xF0 | (code >> 18)), static_cast<char>(0x80 | ((code >> 12) & 0x3F)),
             static_cast<char>(0x80 | ((code >> 6) & 0x3F)), static_cast<char>(0x80 | (code & 0x3F))};
  }
  return text;
}

std::string AttributeText(const MD_ATTRIBUTE& attribute) {
  std::string text;
  for (unsigned i = 0; attribute.text != nullptr && attribute.substr_offsets[i] < attribute.size; ++i) {
    const std::string_view part(attribute.text + attribute.substr_offsets[i],
                                attribute.substr_offsets[i + 1] - attribute.substr_offsets[i]);
    text += attribute.substr_types[i] == MD_TEXT_ENTITY ? DecodeEntity(part) : std::string(part);
  }
  return text;
}

// A quote or a list item around the text: what stands before each of its lines.
struct Container {
  std::string first;  // before the first line
  std::string other;  // before the others
  bool quote = false;
  bool tight = false;  // an item of a list without blank lines
  bool started = false;
};

struct List {
  bool ordered = false;
  bool tight = false;
  char delimiter = '.';
  uint64_t number = 1;
};

class Renderer {
 public:
  Renderer(std::string_view source, const MarkdownOptions& options) : source_(source), options_(options) {}

  std::vector<Line> Render();

 private:
  void EnterBlock(MD_BLOCKTYPE type, void* detail);
  void LeaveBlock(MD_BLOCKTYPE type);
  void EnterSpan(MD_SPANTYPE type, void* detail);
  void LeaveSpan(MD_SPANTYPE type);
  void Text(MD_TEXTTYPE type, std::string_view text);

  void EnterItem(const MD_BLOCK_LI_DETAIL& detail);
  void EnterCode(const MD_BLOCK_CODE_DETAIL& detail);
  void LeaveCode();
  void LeaveTable();
  void LeaveItem();

  Style CurrentStyle() const;
  void Add(std::string_view text) { AddStyled(CurrentStyle(), text); }
  void AddStyled(const Style& style, std::string_view text);
  bool InTightItem() const { return !containers_.empty() && containers_.back().tight; }
  uint32_t TextColumns() const;
  // An empty line where a block before this one asks for it.
  void Separate();
  void EndBlock() { blank_wanted_ = !InTightItem(); }
  void Emit(const Line& text);
  void FlushText();
  Line Rule(std::string_view title) const;

  std::string_view source_;
  MarkdownOptions options_;
  std::vector<Line> lines_;
  std::vector<Container> containers_;
  std::vector<List> lists_;
  std::vector<Span> text_;
  std::string code_;
  Table table_;
  std::vector<std::pair<std::string, size_t>> links_;  // where each open link leads, and where its text begins
  int bold_ = 0, italic_ = 0, strike_ = 0, code_spans_ = 0, images_ = 0;
  unsigned heading_ = 0;
  bool in_code_block_ = false;
  bool blank_wanted_ = false;
  size_t code_blocks_ = 0;
};

// Runs a callback of the parser; an exception must not pass through its C frames.
template <typename Body>
int Guarded(const Body& body) {
  try {
    body();
    return 0;
  } catch (const std::exception&) {
    return -1;
  }
}

std::vector<Line> Renderer::Render() {
  MD_PARSER parser = {};
  parser.flags = kDialect;
  parser.enter_block = [](MD_BLOCKTYPE type, void* detail, void* self) {
    return Guarded([&] { static_cast<Renderer*>(self)->EnterBlock(type, detail); });
  };
  parser.leave_block = [](MD_BLOCKTYPE type, void*, void* self) {
    return Guarded([&] { static_cast<Renderer*>(self)->LeaveBlock(type); });
  };
  parser.enter_span = [](MD_SPANTYPE type, void* detail, void* self) {
    return Guarded([&] { static_cast<Renderer*>(self)->EnterSpan(type, detail); });
  };
  parser.leave_span = [](MD_SPANTYPE type, void*, void* self) {
    return Guarded([&] { static_cast<Renderer*>(self)->LeaveSpan(type); });
  };
  parser.text = [](MD_TEXTTYPE type, const MD_CHAR* text, MD_SIZE size, void* self) {
    return Guarded([&] { static_cast<Renderer*>(self)->Text(type, {text, size}); });
  };
  if (md_parse(source_.data(), static_cast<MD_SIZE>(source_.size()), &parser, this) != 0) {
    return WrapText({{{}, ForTerminal(source_)}}, options_.columns);
  }
  if (options_.last_code_open && code_blocks_ > 0) lines_.pop_back();
  return std::move(lines_);
}

void Renderer::EnterBlock(MD_BLOCKTYPE type, void* detail) {
  switch (type) {
    case MD_BLOCK_QUOTE:
      FlushText();
      Separate();
      containers_.push_back({.first = "│ ", .other = "│ ", .quote = true});
      break;
    case MD_BLOCK_UL:
      FlushText();
      Separate();
      lists_.push_back({.tight = static_cast<MD_BLOCK_UL_DETAIL*>(detail)->is_tight != 0});
      break;
    case MD_BLOCK_OL: {
      FlushText();
      Separate();
      const auto& list = *static_cast<MD_BLOCK_OL_DETAIL*>(detail);
      lists_.push_back({true, list.is_tight != 0, list.mark_delimiter, list.start});
      break;
    }
    case MD_BLOCK_LI:
      EnterItem(*static_cast<MD_BLOCK_LI_DETAIL*>(detail));
      break;
    case MD_BLOCK_H:
      heading_ = static_cast<MD_BLOCK_H_DETAIL*>(detail)->level;
      FlushText();
      Separate();
      break;
    case MD_BLOCK_HR:
      FlushText();
      Separate();
      Emit(Rule(""));
      EndBlock();
      break;
    case MD_BLOCK_CODE:
      EnterCode(*static_cast<MD_BLOCK_CODE_DETAIL*>(detail));
      break;
    case MD_BLOCK_P:
    case MD_BLOCK_TABLE:
      FlushText();
      Separate();
      break;
    case MD_BLOCK_TR:
      table_.rows.emplace_back();
      break;
    case MD_BLOCK_TH:
    case MD_BLOCK_TD: {
      const MD_ALIGN align = static_cast<MD_BLOCK_TD_DETAIL*>(detail)->align;
      table_.rows.back().push_back({align == MD_ALIGN_RIGHT    ? CellAlignment::kRight
                                    : align == MD_ALIGN_CENTER ? CellAlignment::kCentre
                                                               : CellAlignment::kLeft,
                                    {}});
      break;
    }
    default:
      break;
  }
}

void Renderer::LeaveBlock(MD_BLOCKTYPE type) {
  switch (type) {
    case MD_BLOCK_QUOTE:
      FlushText();
      containers_.pop_back();
      EndBlock();
      break;
    case MD_BLOCK_UL:
    case MD_BLOCK_OL:
      lists_.pop_back();
      EndBlock();
      break;
    case MD_BLOCK_LI:
      LeaveItem();
      break;
    case MD_BLOCK_H:
    case MD_BLOCK_P:
      FlushText();
      heading_ = 0;
      EndBlock();
      break;
    case MD_BLOCK_CODE:
      LeaveCode();
      break;
    case MD_BLOCK_TABLE:
      LeaveTable();
      break;
    case MD_BLOCK_TH:
    case MD_BLOCK_TD:
      table_.rows.back().back().text = std::move(text_);
      text_.clear();
      break;
    default:
      break;
  }
}

void Renderer::EnterItem(const MD_BLOCK_LI_DETAIL& detail) {
  Separate();
  List& list = lists_.back();
  std::string marker = "• ";
  if (list.ordered) marker = std::to_string(list.number++) + list.delimiter + " ";
  if (detail.is_task) marker = detail.task_mark == ' ' ? "☐ " : "☑ ";
  containers_.push_back({.first = marker, .other = std::string(DisplayWidth(marker), ' '), .tight = list.tight});
}

void Renderer::LeaveItem() {
  FlushText();
  if (!containers_.back().started) Emit({});
  const bool tight = containers_.back().tight;
  containers_.pop_back();
  blank_wanted_ = !tight;
}

void Renderer::EnterCode(const MD_BLOCK_CODE_DETAIL& detail) {
  FlushText();
  Separate();
  const bool continues = code_blocks_++ == 0 && options_.first_code_continues;
  if (!continues) Emit(Rule(PrintableLine(AttributeText(detail.lang), kWidestRule / 2)));
  code_.clear();
  in_code_block_ = true;
}

void Renderer::LeaveCode() {
  in_code_block_ = false;
  std::string_view rest = code_;
  while (!rest.empty()) {
    const size_t end = rest.find('\n');
    Line line;
    line.Append({}, rest.substr(0, end));
    Emit(line);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  Emit(Rule(""));
  EndBlock();
}

void Renderer::LeaveTable() {
  for (const Line& line : LayOutTable(table_, TextColumns())) Emit(line);
  table_ = {};
  EndBlock();
}

void Renderer::EnterSpan(MD_SPANTYPE type, void* detail) {
  switch (type) {
    case MD_SPAN_EM:
      ++italic_;
      break;
    case MD_SPAN_STRONG:
      ++bold_;
      break;
    case MD_SPAN_DEL:
      ++strike_;
      break;
    case MD_SPAN_CODE:
      ++code_spans_;
      break;
    case MD_SPAN_A:
      links_.emplace_back(AttributeText(static_cast<MD_SPAN_A_DETAIL*>(detail)->href), text_.size());
      break;
    case MD_SPAN_IMG:
      links_.emplace_back(AttributeText(static_cast<MD_SPAN_IMG_DETAIL*>(detail)->src), text_.size());
      ++images_;
      Add("[image: ");
      break;
    case MD_SPAN_LATEXMATH:
      Add("$");
      break;
    case MD_SPAN_LATEXMATH_DISPLAY:
      Add("$$");
      break;
    default:
      break;
  }
}

void Renderer::LeaveSpan(MD_SPANTYPE type) {
  switch (type) {
    case MD_SPAN_EM:
      --italic_;
      break;
    case MD_SPAN_STRONG:
      --bold_;
      break;
    case MD_SPAN_DEL:
      --strike_;
      break;
    case MD_SPAN_CODE:
      --code_spans_;
      break;
    case MD_SPAN_IMG:
      Add("]");
      --images_;
      [[fallthrough]];
    case MD_SPAN_A: {
      const auto [target, begin] = std::move(links_.back());
      links_.pop_back();
      std::string shown;
      for (size_t i = begin; i < text_.size(); ++i) shown += text_[i].text;
      const std::string printable = ForTerminal(target);
      if (shown != printable && "mailto:" + shown != printable) AddStyled({.dim = true}, " (" + printable + ")");
      break;
    }
    case MD_SPAN_LATEXMATH:
      Add("$");
      break;
    case MD_SPAN_LATEXMATH_DISPLAY:
      Add("$$");
      break;
    default:
      break;
  }
}

void Renderer::Text(MD_TEXTTYPE type, std::string_view text) {
  if (in_code_block_) {
    code_ += ForTerminal(text);
    return;
  }
  switch (type) {
    case MD_TEXT_NULLCHAR:
      Add("\uFFFD");
      break;
    case MD_TEXT_BR:
    case MD_TEXT_SOFTBR:
      Add("\n");
      break;
    case MD_TEXT_ENTITY:
      Add(ForTerminal(DecodeEntity(text)));
      break;
    case MD_TEXT_NORMAL:
      // \( \) \[ \] delimit formulas: the parser takes them for escaped brackets and would drop the backslash.
      if (text.data() > source_.data() && text.data()[-1] == '\\' &&
          std::string_view("()[]").find(text[0]) != std::string_view::npos) {
        Add("\\");
      }
      [[fallthrough]];
    default:
      Add(ForTerminal(text));
      break;
  }
}

Style Renderer::CurrentStyle() const {
  return {.bold = bold_ > 0 || heading_ > 0,
          .italic = italic_ > 0,
          .underline = heading_ == 1 || !links_.empty(),
          .strike = strike_ > 0,
          .coloured = code_spans_ > 0};
}

void Renderer::AddStyled(const Style& style, std::string_view text) {
  if (!text.empty()) text_.push_back({style, std::string(text)});
}

uint32_t Renderer::TextColumns() const {
  uint32_t columns = options_.columns;
  for (const Container& container : containers_) {
    const uint32_t width = DisplayWidth(container.other);
    if (columns < width + kNarrowestText) break;
    columns -= width;
  }
  return columns;
}

void Renderer::Separate() {
  if (blank_wanted_ && !lines_.empty()) Emit({});
  blank_wanted_ = false;
}

void Renderer::Emit(const Line& text) {
  Line line;
  uint32_t columns = options_.columns;
  for (Container& container : containers_) {
    const std::string& prefix = container.started ? container.other : container.first;
    const uint32_t width = DisplayWidth(prefix);
    if (columns < width + kNarrowestText) break;
    columns -= width;
    line.Append({.dim = container.quote}, prefix);
    container.started = true;
  }
  line.Append(text);
  lines_.push_back(std::move(line));
}

void Renderer::FlushText() {
  if (text_.empty()) return;
  for (const Line& line : WrapText(text_, TextColumns())) Emit(line);
  text_.clear();
}

Line Renderer::Rule(std::string_view title) const {
  const uint32_t columns = std::min(TextColumns(), kWidestRule);
  std::string rule;
  if (!title.empty()) rule = "── " + std::string(title) + " ";
  for (uint32_t used = DisplayWidth(rule); used < columns; ++used) rule += "─";
  Line line;
  line.Append({.dim = true}, rule);
  return line;
}

}  // namespace

std::vector<Line> RenderMarkdown(std::string_view source, const MarkdownOptions& options) {
  CHECK(options.columns >= kNarrowestText);
  return Renderer(source, options).Render();
}

}  // namespace candor
