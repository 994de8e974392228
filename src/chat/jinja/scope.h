// Binds names to places, by Jinja2's rules of scope.
//
// A for loop, macro, call block, filter block, block set and with block have scopes of their own; an if has not. What
// a scope sets is its own and begins, each time the scope is entered, as a copy of the variable of that name further
// out, or as the variable that the template is rendered with; a loop's body is entered anew for each element. A name
// that a scope only reads is the variable of the nearest scope around it that knows the name, at any place in the
// text, and otherwise a variable of the rendering.
#ifndef CANDOR_CHAT_JINJA_SCOPE_H_
#define CANDOR_CHAT_JINJA_SCOPE_H_

#include "chat/jinja/ast.h"

namespace candor::jinja {

// Fills in every Scope and VariableRef, and what a macro uses.
void ResolveNames(Template& parsed);

}  // namespace candor::jinja

#endif  // CANDOR_CHAT_JINJA_SCOPE_H_
