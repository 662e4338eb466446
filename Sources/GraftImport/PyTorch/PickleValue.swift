import GraftCheckpoint

/// What a pickle's opcodes make.
///
/// Containers are indices into the machine's ``PickleHeap``, not values that hold each other: a pickle nested a million
/// deep, or one that contains itself, is then as harmless to free as any other.
enum PickleValue: Equatable {
    case none
    case bool(Bool)
    case integer(Int64)
    /// An integer of more than 64 bits, as its little-endian bytes.
    case longInteger([UInt8])
    case float(Double)
    case text(String)
    case global(PickleGlobal)
    case tuple(Int)
    case list(Int)
    case dictionary(Int)
    case storage(Int)
    case tensor(Int)
    /// A tensor of a kind that is not read, e.g. `sparse`.
    case foreignTensor(kind: String)
    /// What training scripts save beside the weights, and what no weight depends on: bytes, sets, dates, arguments.
    case aside

    /// For messages.
    var kind: String {
        switch self {
        case .none: "None"
        case .bool: "a bool"
        case .integer, .longInteger: "an integer"
        case .float: "a float"
        case .text: "a string"
        case .global(let global): "'\(global.name)'"
        case .tuple: "a tuple"
        case .list: "a list"
        case .dictionary: "a dict"
        case .storage: "a storage"
        case .tensor, .foreignTensor: "a tensor"
        case .aside: "an object without weights"
        }
    }
}

/// The containers of a pickle.
struct PickleHeap {
    var tuples: [[PickleValue]] = []
    var lists: [[PickleValue]] = []
    /// In the order they were set; a key that was set twice is there twice, and the later one counts.
    var dictionaries: [[(key: PickleValue, value: PickleValue)]] = []
    var storages: [StorageReference] = []
    var tensors: [TensorReference] = []
}

/// What the elements of a storage are.
enum StorageKind: Equatable {
    case elements(ElementType)
    /// Elements that are not read, of `width` bytes each, e.g. `ComplexFloatStorage`.
    case foreign(name: String, width: Int)

    /// Bytes per element.
    var width: Int {
        switch self {
        case .elements(let elementType): elementType.byteCount
        case .foreign(_, let width): width
        }
    }
}

/// A run of elements somewhere in the file, as a pickle's persistent id names it.
struct StorageReference: Equatable {
    /// The name under which the file holds the bytes.
    let key: String
    let kind: StorageKind
    /// Elements that the file holds under `key`.
    let count: Int
    /// The part of them that this storage is; all, but for the views of old files.
    let view: Range<Int>

    /// The bytes that the file holds under `key`; the machine has compared them with the file's length.
    var byteCount: Int { count * kind.width }
}

/// A strided window onto a storage: element `(i, j, …)` is at `offset + i · strides[0] + j · strides[1] + …`.
struct TensorReference: Equatable {
    let storage: StorageReference
    let elementType: ElementType
    /// In elements, from the start of the storage's view.
    let offset: Int
    let shape: [Int]
    let strides: [Int]
}
