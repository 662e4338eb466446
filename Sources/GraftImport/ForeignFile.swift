import GraftCheckpoint

/// What a file is that no reader takes, as far as its first bytes tell, and what to do about it.
func kindOfForeignFile(_ file: MappedFile) -> String {
    let head = file.bytes(in: 0..<min(file.count, 512))
    if head.isEmpty { return "empty" }
    for (offset, signature, kind) in signatures where head.dropFirst(offset).starts(with: signature) { return kind }
    let bytes = head.prefix(9).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
    return "of an unknown format (it starts with the bytes \(bytes))"
}

private let signatures: [(offset: Int, bytes: [UInt8], kind: String)] = [
    (0, Array("PK".utf8), "a zip archive without an entry at its start"),
    (0, [0x1F, 0x8B], "compressed by gzip; unpack it first"),
    (0, Array("BZh".utf8), "compressed by bzip2; unpack it first"),
    (0, [0xFD, 0x37, 0x7A, 0x58, 0x5A], "compressed by xz; unpack it first"),
    (0, [0x28, 0xB5, 0x2F, 0xFD], "compressed by zstd; unpack it first"),
    (0, [0x37, 0x7A, 0xBC, 0xAF], "a 7z archive; unpack it first"),
    // Torch's first releases saved so too.
    (
        257, Array("ustar".utf8),
        "a tar archive; unpack it first, or, if torch.save of before version 0.2 made it, load and save it again"
    ),
    (0, Array("<".utf8), "a web page, perhaps of a failed download"),
    (0, Array("version https://git-lfs".utf8), "a pointer of Git LFS and not the file; run 'git lfs pull'"),
    (0, [0x93] + Array("NUMPY".utf8), "a NumPy array, which has no names"),
    (0, Array("GGUF".utf8), "GGUF, a format of language models"),
    (4, Array("TFL3".utf8), "TensorFlow Lite, whose weights are quantised or folded"),
    (0, Array("{".utf8), "a JSON text, perhaps the index of a checkpoint in several files"),
]
