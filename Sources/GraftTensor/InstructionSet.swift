package import CKernels
import Foundation

/// A set of vector instructions that the kernels are compiled for.
package enum InstructionSet: String, Sendable, CaseIterable {
    /// What every CPU of the architecture has: four lanes.
    case scalar
    /// 64-bit Arm.
    case neon
    /// AVX2 and FMA, x86-64.
    case avx2
    /// AVX-512 F and BW, x86-64.
    case avx512

    /// Those this CPU has, the fastest last.
    package static let available = allCases.filter { $0.table != nil }

    /// The fastest this CPU has.
    package static let best = available.last!

    /// What `GRAFTD_ISA` names, or the fastest where it names none of this CPU's: that is an error of whoever loads a network.
    package static let inUse = (try? chosen(forced: ProcessInfo.processInfo.environment["GRAFTD_ISA"])) ?? best

    /// The set named by `forced`, the value of `GRAFTD_ISA`, or the fastest this CPU has if there is no such value.
    package static func chosen(forced: String?) throws(InstructionSetError) -> InstructionSet {
        guard let forced, !forced.isEmpty else { return best }
        guard let set = InstructionSet(rawValue: forced), available.contains(set) else {
            throw .unavailable(name: forced, available: available)
        }
        return set
    }

    /// The kernels.
    ///
    /// - Precondition: this CPU has the instructions.
    package var kernels: VectorKernels {
        guard let table else { preconditionFailure("this CPU has no \(rawValue)") }
        return VectorKernels(table: table)
    }

    /// How the C kernels name it.
    package var identifier: graft_isa {
        switch self {
        case .scalar: graft_isa_scalar
        case .neon: graft_isa_neon
        case .avx2: graft_isa_avx2
        case .avx512: graft_isa_avx512
        }
    }

    private var table: UnsafePointer<graft_kernels>? { graft_kernels_for(identifier) }
}

/// An instruction set was asked for that cannot be used.
package enum InstructionSetError: Error, Equatable, Sendable, CustomStringConvertible {
    case unavailable(name: String, available: [InstructionSet])

    package var description: String {
        switch self {
        case .unavailable(let name, let available):
            "GRAFTD_ISA=\(name) cannot be used on this CPU; unset it, or use one of "
                + available.map(\.rawValue).joined(separator: ", ")
        }
    }
}
