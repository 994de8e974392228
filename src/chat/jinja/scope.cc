#include "chat/jinja/scope.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "chat/jinja/name_walk.h"

namespace candor::jinja {
namespace {

// The names of one scope while it is built.
class Table {
 public:
  Table(Scope& scope, const Table* parent) : scope_(scope), parent_(parent) {}

  std::optional<VariableRef> Find(const std::string& name) const {
    uint32_t hops = 0;
    for (const Table* table = this; table; table = table->parent_, ++hops) {
      if (const auto at = table->slots_.find(name); at != table->slots_.end()) return VariableRef{hops, at->second};
    }
    return std::nullopt;
  }

  void LoadName(const std::string& name) {
    if (!Find(name)) Define(name, Load::kContext, {});
  }
  void StoreName(const std::string& name) {
    const auto known = slots_.find(name);
    if (known != slots_.end()) return MarkStored(known->second);
    const auto outer = FindOuter(name);
    MarkStored(outer ? Define(name, Load::kOuter, *outer) : Define(name, Load::kNothing, {}));
  }
  uint32_t AddParameter(const std::string& name) {
    const uint32_t slot = Define(name, Load::kParameter, {});
    marks_[slot].is_stored = true;
    return slot;
  }

  // The slots that are stored for the first time in this scope while `collect` runs, as if it had not run.
  template <typename Collect>
  std::vector<uint32_t> Trial(Collect collect) {
    const size_t before = log_.size();
    collect();
    std::vector<uint32_t> slots(log_.begin() + static_cast<std::ptrdiff_t>(before), log_.end());
    log_.resize(before);
    for (const uint32_t slot : slots) marks_[slot].is_stored = false;
    return slots;
  }
  // The variable is stored on some ways only: it may be read on the others.
  void StoredSometimes(uint32_t slot) {
    MarkStored(slot);
    if (std::exchange(marks_[slot].is_sometimes, true)) return;
    Symbol& symbol = scope_.symbols[slot];
    const auto outer = FindOuter(symbol.name);
    symbol.load = outer ? Load::kOuter : Load::kContext;
    symbol.outer = outer.value_or(VariableRef{});
  }
  void MarkStored(uint32_t slot) {
    if (!std::exchange(marks_[slot].is_stored, true)) log_.push_back(slot);
  }

 private:
  std::optional<VariableRef> FindOuter(const std::string& name) const {
    auto outer = parent_ ? parent_->Find(name) : std::nullopt;
    if (outer) ++outer->hops;
    return outer;
  }
  uint32_t Define(const std::string& name, Load load, VariableRef outer) {
    const auto [at, is_new] = slots_.emplace(name, static_cast<uint32_t>(scope_.symbols.size()));
    if (is_new) scope_.symbols.emplace_back();
    if (is_new) marks_.emplace_back();
    scope_.symbols[at->second] = {name, load, outer};
    return at->second;
  }

  Scope& scope_;
  const Table* parent_;
  std::map<std::string, uint32_t> slots_;
  struct Mark {
    bool is_stored = false;     // on the way that is being looked at
    bool is_sometimes = false;  // StoredSometimes has been called
  };
  std::vector<Mark> marks_;    // by slot
  std::vector<uint32_t> log_;  // the slots that became stored, in order
};

// First pass over a scope: which names it has. Inner scopes are not entered.
class Collector {
 public:
  explicit Collector(Table& table)
      : table_(table),
        load_([this](NameExpr& name) { table_.LoadName(name.name); }),
        store_([this](NameExpr& name) { table_.StoreName(name.name); }) {}

  void Collect(Body& body) {
    for (Statement& statement : body) std::visit([this](auto& node) { Node(node); }, statement.what);
  }
  void Collect(Expr* expression) { ForEachName(expression, load_); }
  void Collect(PostfixExpr& expression) { ForEachName(expression, load_); }

 private:
  void Node(TextStatement&) {}
  void Node(OutputStatement& node) { Collect(node.value.get()); }
  void Node(IfStatement& node) {
    constexpr int kWays = 3;     // the first branch, all elif together, else
    std::vector<uint32_t> ways;  // a slot for every way that stores it
    const auto count = [&](auto collect) {
      const std::vector<uint32_t> slots = table_.Trial(collect);
      ways.insert(ways.end(), slots.begin(), slots.end());
    };
    Collect(node.branches[0].test.get());
    count([&] { Collect(node.branches[0].body); });
    count([&] {
      for (size_t i = 1; i < node.branches.size(); ++i) {
        Collect(node.branches[i].test.get());
        for (const uint32_t slot : table_.Trial([&] { Collect(node.branches[i].body); })) table_.StoredSometimes(slot);
      }
    });
    count([&] { Collect(node.otherwise); });
    std::sort(ways.begin(), ways.end());
    for (auto at = ways.begin(), next = at; at != ways.end(); at = next) {
      next = std::upper_bound(at, ways.end(), *at);
      next - at == kWays ? table_.MarkStored(*at) : table_.StoredSometimes(*at);
    }
  }
  void Node(ForStatement& node) { Collect(node.iterable.get()); }
  void Node(SetStatement& node) {
    Collect(node.value.get());
    ForEachName(node.target, load_, store_);
  }
  void Node(SetBlockStatement& node) { ForEachName(node.target, load_, store_); }
  void Node(MacroStatement& node) { table_.StoreName(node.name); }
  void Node(CallBlockStatement& node) { Collect(node.call); }
  void Node(FilterBlockStatement&) {}
  void Node(WithStatement& node) {
    for (auto& [target, value] : node.assignments) Collect(value.get());
  }
  void Node(BreakStatement&) {}
  void Node(ContinueStatement&) {}

  Table& table_;
  const NameVisitor load_, store_;
};

// Second pass: every name of the scope gets its place; inner scopes are built and bound.
class Binder {
 public:
  explicit Binder(const Table& table)
      : table_(table), bind_([this](NameExpr& name) { name.ref = table_.Find(name.name).value(); }) {}

  void Bind(Body& body) {
    for (Statement& statement : body) std::visit([this](auto& node) { Node(node); }, statement.what);
  }

 private:
  void Bind(ExprPtr& expression) { ForEachName(expression.get(), bind_); }
  void Bind(Target& target) { ForEachName(target, bind_, bind_); }

  static void AddParameters(Table& table, Target& target) {
    const NameVisitor add = [&](NameExpr& name) { table.AddParameter(name.name); };
    ForEachName(target, add, add);
  }

  // Builds the scope of `body` after `declare` has put in its parameters, and binds what is in it.
  template <typename Declare>
  void Inner(Scope& scope, Body& body, Declare declare) {
    Table table(scope, &table_);
    Collector collector(table);
    declare(table, collector);
    collector.Collect(body);
    Binder(table).Bind(body);
  }

  void Node(TextStatement&) {}
  void Node(OutputStatement& node) { Bind(node.value); }
  void Node(IfStatement& node) {
    for (IfBranch& branch : node.branches) {
      Bind(branch.test);
      Bind(branch.body);
    }
    Bind(node.otherwise);
  }
  void Node(ForStatement& node) {
    Bind(node.iterable);
    if (node.condition) {
      Table table(node.condition_scope, &table_);
      AddParameters(table, node.target);
      Collector(table).Collect(node.condition.get());
      Binder(table).Bind(node.condition);
    }
    Inner(node.body_scope, node.body, [&](Table& table, Collector&) {
      AddParameters(table, node.target);
      node.loop_slot = table.AddParameter("loop");
      Binder(table).Bind(node.target);
    });
    Inner(node.otherwise_scope, node.otherwise, [](Table&, Collector&) {});
  }
  void Node(SetStatement& node) {
    Bind(node.value);
    Bind(node.target);
  }
  void Node(SetBlockStatement& node) {
    Bind(node.target);
    Table table(node.scope, &table_);
    Collector collector(table);
    collector.Collect(node.filters);
    collector.Collect(node.body);
    Binder binder(table);
    ForEachName(node.filters, binder.bind_);
    binder.Bind(node.body);
  }
  void Node(MacroStatement& node) {
    node.ref = table_.Find(node.name).value();
    Macro(node);
  }
  void Macro(MacroStatement& node) {
    Table table(node.scope, &table_);
    Collector collector(table);
    for (Parameter& parameter : node.parameters) table.AddParameter(parameter.name);
    const auto special = [&](const char* name, bool& uses, uint32_t& slot) {
      for (const Parameter& parameter : node.parameters) {
        if (parameter.name == name) return;
      }
      uses = ReadsName(node.body, name);
      if (uses) slot = table.AddParameter(name);
    };
    special("caller", node.uses_caller, node.caller_slot);
    special("kwargs", node.uses_kwargs, node.kwargs_slot);
    special("varargs", node.uses_varargs, node.varargs_slot);
    for (Parameter& parameter : node.parameters) collector.Collect(parameter.otherwise.get());
    collector.Collect(node.body);
    Binder binder(table);
    for (Parameter& parameter : node.parameters) binder.Bind(parameter.otherwise);
    binder.Bind(node.body);
  }
  void Node(CallBlockStatement& node) {
    ForEachName(node.call, bind_);
    Macro(node.block);
  }
  void Node(FilterBlockStatement& node) {
    Table table(node.scope, &table_);
    Collector collector(table);
    collector.Collect(node.body);
    collector.Collect(node.filters);
    Binder binder(table);
    ForEachName(node.filters, binder.bind_);
    binder.Bind(node.body);
  }
  void Node(WithStatement& node) {
    for (auto& [target, value] : node.assignments) Bind(value);
    Inner(node.scope, node.body, [&](Table& table, Collector&) {
      for (auto& [target, value] : node.assignments) AddParameters(table, target);
      for (auto& [target, value] : node.assignments) Binder(table).Bind(target);
    });
  }
  void Node(BreakStatement&) {}
  void Node(ContinueStatement&) {}

  const Table& table_;
  const NameVisitor bind_;
};

}  // namespace

void ResolveNames(Template& parsed) {
  Table table(parsed.scope, nullptr);
  Collector(table).Collect(parsed.body);
  Binder(table).Bind(parsed.body);
}

}  // namespace candor::jinja
