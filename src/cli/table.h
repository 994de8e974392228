// Results in columns.
#ifndef CANDOR_CLI_TABLE_H_
#define CANDOR_CLI_TABLE_H_

#include <string>
#include <vector>

namespace candor {

// Prints rows of cells on standard output: left-aligned, two spaces apart, the last cell of a row as it is.
void PrintTable(const std::vector<std::vector<std::string>>& rows);

}  // namespace candor

#endif  // CANDOR_CLI_TABLE_H_
