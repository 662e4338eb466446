/// The opcodes that Python 2 and 3 write for a checkpoint, protocols 2 to 5 (Python's `pickletools` documents them).
///
/// Absent are those that make objects of other classes, and those of protocols 0 and 1, which torch never wrote.
enum PickleOpcode: UInt8 {
    // Frame
    case proto = 0x80
    case frame = 0x95
    case stop = 0x2E
    // Stack
    case mark = 0x28
    case pop = 0x30
    case popMark = 0x31
    // Scalars
    case none = 0x4E
    case newTrue = 0x88
    case newFalse = 0x89
    case binInt = 0x4A
    case binInt1 = 0x4B
    case binInt2 = 0x4D
    case long1 = 0x8A
    case binFloat = 0x47
    // Text and bytes; Python 2 wrote its texts as strings of bytes
    case binString = 0x54
    case shortBinString = 0x55
    case binUnicode = 0x58
    case shortBinUnicode = 0x8C
    case binBytes = 0x42
    case shortBinBytes = 0x43
    case byteArray8 = 0x96
    // Containers
    case emptyTuple = 0x29
    case tuple1 = 0x85
    case tuple2 = 0x86
    case tuple3 = 0x87
    case tuple = 0x74
    case emptyList = 0x5D
    case list = 0x6C
    case append = 0x61
    case appends = 0x65
    case emptyDict = 0x7D
    case dict = 0x64
    case setItem = 0x73
    case setItems = 0x75
    case emptySet = 0x8F
    case addItems = 0x90
    case frozenSet = 0x91
    // Objects
    case global = 0x63
    case stackGlobal = 0x93
    case reduce = 0x52
    case newObject = 0x81
    case build = 0x62
    case binPersistentID = 0x51
    // Memo
    case binGet = 0x68
    case longBinGet = 0x6A
    case binPut = 0x71
    case longBinPut = 0x72
    case memoize = 0x94
}
