"""Files that lose their bytes while they are read, and bytes that are gone must be missed, not made up."""
from checkpoint_folder import INDEX, golden
from case import EITHER
from folder_case import SAME, Case, within, word
from index_cases import FIRST, SECOND, sharded


def cases():
    for base in ("llama", "deepseek-v3-fp8", "gpt-oss-mxfp4"):
        files = golden(base).files()
        for name, data in files.items():
            for number in (1, 2, 3, 4, 6, 8):
                for size in sorted({0, 1, 8, len(data) // 2, len(data) - 1}):
                    if base == "llama" or size in (0, len(data) // 2):
                        yield shrinking(base, files, name, number, size)
    files = sharded()
    for name in (INDEX, FIRST, SECOND):
        for number in (1, 2, 3, 4, 6):
            for size in (0, len(files[name]) // 2, len(files[name]) - 1):
                yield shrinking("llama", files, name, number, size)


def shrinking(base, files, name, number, size):
    return Case(f"{base} in {len(files)} files, {name} cut to {size} bytes before read {number}", EITHER, within(files),
                (word(name),), SAME, base, traced=True, shrink=(name, number, size))
