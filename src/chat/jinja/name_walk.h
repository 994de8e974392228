// Walks over the names in expressions, targets and statements, in the order of the source.
#ifndef CANDOR_CHAT_JINJA_NAME_WALK_H_
#define CANDOR_CHAT_JINJA_NAME_WALK_H_

#include <functional>
#include <string_view>

#include "chat/jinja/ast.h"

namespace candor::jinja {

using NameVisitor = std::function<void(NameExpr&)>;

// Every name that the expression reads. A null expression has none.
void ForEachName(Expr* expression, const NameVisitor& visit);
void ForEachName(PostfixExpr& expression, const NameVisitor& visit);
// Names that a target sets go to `store`; the namespace of namespace.attribute is read.
void ForEachName(Target& target, const NameVisitor& load, const NameVisitor& store);

// Whether the statements, inner scopes included, read `name` before they set it.
bool ReadsName(Body& body, std::string_view name);

}  // namespace candor::jinja

#endif  // CANDOR_CHAT_JINJA_NAME_WALK_H_
