// The models on this machine: one folder, readable without candor.
//
//   NAME.gguf                      a model; split ones are NAME-00001-of-00003.gguf and so on
//   NAME.json                      its record: source, digests, sizes, date (model_record.h)
//   .partial/NAME-KEY.part         a download under way or interrupted; KEY: 16 hexadecimal digits of what is wanted
//   .partial/NAME-KEY.packages/    what the package client downloads, to be assembled in the .part beside it
//
// A model is there when its (first) file is, whether or not there is a record: a file that a user copies or links
// into the folder is a model. Files get their names by an atomic rename after their digest was checked, the first part
// last, the record at the very end; a name is never given to other contents. So whatever instant a process dies at,
// what the store lists are whole models; anything else (in .partial/, or later parts without a first one) is used or
// cleared by the next pull or removal of the name.
#ifndef CANDOR_STORE_MODEL_STORE_H_
#define CANDOR_STORE_MODEL_STORE_H_

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/model_record.h"
#include "store/partial_file.h"

namespace candor {

struct StoredModel {
  std::string name;
  std::vector<std::filesystem::path> files;  // one, or all parts in order
  uint64_t bytes = 0;
  std::optional<ModelRecord> record;  // absent when there is none, or one that cannot be believed
  // Why the record that is there cannot be believed (it is broken, or about files of other sizes), naming its file;
  // empty when nothing is wrong with it.
  std::string record_problem;
};

struct PartialModel {
  std::string name;
  uint64_t bytes = 0;  // on the disk so far
};

// Cheap to copy; holds no descriptors. Several processes may use one folder at a time.
class ModelStore {
 public:
  explicit ModelStore(std::filesystem::path folder) : folder_(std::move(folder)) {}

  const std::filesystem::path& folder() const { return folder_; }

  // Sorted by name; empty when there is no folder. IoError when it cannot be read.
  std::vector<StoredModel> List() const;
  std::vector<std::string> Names() const;
  // nullopt for a name that is not there or is no model name.
  std::optional<StoredModel> Find(const std::string& name) const;
  // Interrupted downloads, sorted by name, one a model. Those under way are among them.
  std::vector<PartialModel> Partials() const;

  // Where a download of `name` from `source` with the digest `sha256` (may be empty) is collected. The same arguments
  // give the same path, other ones another, so that an interrupted download is never continued with other bytes.
  std::filesystem::path PartialPath(const std::string& name, std::string_view source, std::string_view sha256) const;

  // Gives finished files, all parts in order, the name `name` and writes the record, whose `files` and `installed`
  // are filled in here from `digests`. False when another process has installed that name meanwhile. Then clears what
  // else .partial/ held for the name.
  bool Install(const std::string& name, std::vector<PartialFile> files, const std::vector<Sha256Digest>& digests,
               ModelRecord record);

  // Writes a model's record, in the place of another if need be; the digests are those of its files.
  void WriteRecord(const StoredModel& model, const std::vector<Sha256Digest>& digests, ModelRecord record);

  // Deletes a model, its record and interrupted downloads of it. False when there was nothing of that name.
  bool Remove(const std::string& name);

 private:
  // Deletes what .partial/ holds for `name` and nobody has locked; true when there was something.
  bool ClearPartials(const std::string& name);
  std::filesystem::path partial_folder() const { return folder_ / ".partial"; }

  std::filesystem::path folder_;
};

}  // namespace candor

#endif  // CANDOR_STORE_MODEL_STORE_H_
