import GraftCheckpoint

/// The Python globals that a checkpoint is made of. There are no others: a pickle that names one is refused.
///
/// Nothing is ever called, so the list does not keep code from running. It keeps out what cannot be understood: of an
/// object of an unknown class nobody can say whether weights are in it.
enum PickleGlobal: Equatable {
    /// `collections.OrderedDict`
    case orderedDictionary
    /// `collections.defaultdict`
    case defaultDictionary
    /// `torch._utils._rebuild_tensor` and `_rebuild_tensor_v2`: storage, offset, shape, strides, what only autograd
    /// needs, and marks
    case rebuildTensor
    /// `torch._utils._rebuild_parameter` and `_rebuild_parameter_with_state`: tensor, and what only autograd needs
    case rebuildParameter
    /// `torch._tensor._rebuild_from_type_v2`, of tensors with attributes: how it is rebuilt, its class, and from what
    case rebuildFromType
    /// What makes a tensor of a kind that is not read, or of the element type that is among its arguments.
    case rebuildForeign(kind: String?)
    /// `torch.Size`: a tuple
    case size
    /// `torch.FloatStorage` and so on
    case storage(StorageKind)
    /// What makes the arguments, numbers, dates and paths that training scripts save beside the weights.
    case aside(name: String)

    /// - Throws: `forbiddenGlobal` for any other; `noStateDict` for torch's own layers, of which whole models are made.
    init(module: String, name: String) throws(ImportError) {
        switch (module, name) {
        case ("collections", "OrderedDict"): self = .orderedDictionary
        case ("collections", "defaultdict"): self = .defaultDictionary
        case ("torch._utils", "_rebuild_tensor"), ("torch._utils", "_rebuild_tensor_v2"): self = .rebuildTensor
        case ("torch._utils", "_rebuild_parameter"), ("torch._utils", "_rebuild_parameter_with_state"):
            self = .rebuildParameter
        case ("torch._tensor", "_rebuild_from_type_v2"): self = .rebuildFromType
        case ("torch._utils", "_rebuild_tensor_v3"): self = .rebuildForeign(kind: nil)
        case ("torch._utils", let function) where Self.foreignTensors[function] != nil:
            self = .rebuildForeign(kind: Self.foreignTensors[function])
        case ("torch", "Size"): self = .size
        case ("torch", let storage) where Self.storages[storage] != nil: self = .storage(Self.storages[storage]!)
        case ("torch.storage", "UntypedStorage"): self = .storage(.foreign(name: name, width: 1))
        default:
            let full = "\(module).\(name)"
            if module.hasPrefix("torch.nn.modules.") {
                throw .noStateDict(found: "a whole model, with its code ('\(full)')")
            }
            guard Self.asides[module]?.contains(name) == true else { throw .forbiddenGlobal(name: full) }
            self = .aside(name: full)
        }
    }

    var name: String {
        switch self {
        case .orderedDictionary: "collections.OrderedDict"
        case .defaultDictionary: "collections.defaultdict"
        case .rebuildTensor: "torch._utils._rebuild_tensor_v2"
        case .rebuildParameter: "torch._utils._rebuild_parameter"
        case .rebuildFromType: "torch._tensor._rebuild_from_type_v2"
        case .rebuildForeign(let kind): "what rebuilds a tensor that is \(kind ?? "of another type")"
        case .size: "torch.Size"
        case .storage(.elements(let elementType)): "torch storage of \(elementType.rawValue)"
        case .storage(.foreign(let name, _)), .aside(let name): name
        }
    }

    private static let storages: [String: StorageKind] = [
        "DoubleStorage": .elements(.f64), "FloatStorage": .elements(.f32), "HalfStorage": .elements(.f16),
        "BFloat16Storage": .elements(.bf16), "LongStorage": .elements(.i64), "IntStorage": .elements(.i32),
        "ShortStorage": .elements(.i16), "CharStorage": .elements(.i8), "ByteStorage": .elements(.u8),
        "BoolStorage": .elements(.bool),
        "ComplexFloatStorage": .foreign(name: "complex", width: 8),
        "ComplexDoubleStorage": .foreign(name: "complex", width: 16),
        "QUInt8Storage": .foreign(name: "quantised", width: 1), "QInt8Storage": .foreign(name: "quantised", width: 1),
        "QInt32Storage": .foreign(name: "quantised", width: 4),
    ]

    private static let foreignTensors = [
        "_rebuild_qtensor": "quantised", "_rebuild_sparse_tensor": "sparse", "_rebuild_sparse_csr_tensor": "sparse",
        "_rebuild_nested_tensor": "nested", "_rebuild_meta_tensor_no_storage": "without elements, on the device 'meta'",
        "_rebuild_wrapper_subclass": "wrapped",
    ]

    private static let asides: [String: Set<String>] = [
        "argparse": ["Namespace"], "types": ["SimpleNamespace"], "collections": ["Counter", "deque"],
        "builtins": plainTypes, "__builtin__": plainTypes, "_codecs": ["encode"],
        "datetime": ["date", "datetime", "time", "timedelta", "timezone"],
        "pathlib": ["PosixPath", "PurePosixPath", "PureWindowsPath", "WindowsPath"],
        "pathlib._local": ["PosixPath", "PurePosixPath", "PureWindowsPath", "WindowsPath"],
        "numpy": ["dtype", "ndarray"], "numpy.core.multiarray": ["_reconstruct", "scalar"],
        "numpy._core.multiarray": ["_reconstruct", "scalar"], "numpy._core.numeric": ["_frombuffer"],
        "numpy.core.numeric": ["_frombuffer"],
        "torch": [
            "Tensor", "bfloat16", "bool", "channels_last", "complex128", "complex64", "contiguous_format", "device",
            "float16", "float32", "float64", "float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz",
            "int16", "int32", "int64", "int8", "per_channel_affine", "per_tensor_affine", "preserve_format", "uint16",
            "uint32", "uint64", "uint8",
        ],
        "torch.nn.parameter": ["Buffer", "Parameter"], "torch.serialization": ["_get_layout"],
    ]

    private static let plainTypes: Set<String> = [
        "bool", "bytearray", "bytes", "complex", "dict", "float", "frozenset", "int", "list", "long", "object", "range",
        "set", "slice", "str", "tuple", "unicode", "xrange",
    ]
}
