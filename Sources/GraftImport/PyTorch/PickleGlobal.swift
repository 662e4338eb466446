import GraftCheckpoint

/// The Python globals that a state dict is made of. There are no others: a pickle that names one is refused.
enum PickleGlobal: Equatable {
    /// `collections.OrderedDict`
    case orderedDictionary
    /// `torch._utils._rebuild_tensor` and `_rebuild_tensor_v2`: storage, offset, shape, strides, and what only
    /// autograd needs
    case rebuildTensor
    /// `torch._utils._rebuild_parameter`: tensor, and what only autograd needs
    case rebuildParameter
    /// `torch.Size`: a tuple
    case size
    /// `torch.FloatStorage` and so on
    case storage(ElementType)

    /// - Throws: `forbiddenGlobal` for any other.
    init(module: String, name: String) throws(ImportError) {
        switch (module, name) {
        case ("collections", "OrderedDict"): self = .orderedDictionary
        case ("torch._utils", "_rebuild_tensor"), ("torch._utils", "_rebuild_tensor_v2"): self = .rebuildTensor
        case ("torch._utils", "_rebuild_parameter"): self = .rebuildParameter
        case ("torch", "Size"): self = .size
        case ("torch", let storage):
            guard let elementType = Self.storages[storage] else { throw .forbiddenGlobal(name: "torch.\(storage)") }
            self = .storage(elementType)
        default: throw .forbiddenGlobal(name: "\(module).\(name)")
        }
    }

    var name: String {
        switch self {
        case .orderedDictionary: "collections.OrderedDict"
        case .rebuildTensor: "torch._utils._rebuild_tensor_v2"
        case .rebuildParameter: "torch._utils._rebuild_parameter"
        case .size: "torch.Size"
        case .storage(let elementType): "torch storage of \(elementType.rawValue)"
        }
    }

    private static let storages: [String: ElementType] = [
        "DoubleStorage": .f64, "FloatStorage": .f32, "HalfStorage": .f16, "BFloat16Storage": .bf16,
        "LongStorage": .i64, "IntStorage": .i32, "ShortStorage": .i16, "CharStorage": .i8, "ByteStorage": .u8,
        "BoolStorage": .bool,
    ]
}
