import CKernels
import Foundation
import GraftTensor

/// Adam (Kingma and Ba 2014, arXiv 1412.6980) or AdamW (Loshchilov and Hutter 2017, arXiv 1711.05101), with a learning
/// rate for each group of a top's parameters; the same steps as PyTorch's.
package final class Adam {
    package struct Settings: Sendable {
        package var beta1 = 0.9
        package var beta2 = 0.999
        package var epsilon = 1e-8
        package var weightDecay = 0.0
        /// Whether weights decay on their own (AdamW), not by way of the gradient.
        package var isDecoupled = false

        package init() {}
    }

    /// How many steps were taken.
    package private(set) var stepCount = 0
    private let settings: Settings
    private let top: TrainableTop
    private let firstMoments: FloatStorage
    private let secondMoments: FloatStorage
    /// Elements that a thread takes at a time, and their group.
    private let parts: [(group: Int, elements: Range<Int>)]

    package init(_ top: TrainableTop, settings: Settings = Settings()) {
        self.top = top
        self.settings = settings
        firstMoments = FloatStorage(count: top.parameters.trainedCount)
        secondMoments = FloatStorage(count: top.parameters.trainedCount)
        let most = 65_536
        parts = top.parameters.groups.enumerated().flatMap { group, elements in
            stride(from: elements.lowerBound, to: elements.upperBound, by: most).map {
                (group, $0..<min(elements.upperBound, $0 + most))
            }
        }
    }

    /// Moves the weights along the gradients that ``TrainableTop/differentiate(_:labels:loss:dropoutSeed:by:)`` wrote.
    ///
    /// - Parameter rates: The learning rate of each of ``TrainableTop/groups``.
    package func step(rates: [Double], by worker: Worker = .alone) {
        precondition(rates.count == top.groups.count, "\(rates.count) rates for \(top.groups.count) groups")
        stepCount += 1
        let firstCorrection = 1 - pow(settings.beta1, Double(stepCount))
        let secondCorrection = (1 - pow(settings.beta2, Double(stepCount))).squareRoot()
        let (weights, gradients) = (top.parameters.values.pointer, top.parameters.gradients.pointer)
        let steps = rates.map { rate in
            graft_adam(
                step_size: Float(rate / firstCorrection), beta2: Float(settings.beta2),
                rest1: Float(1 - settings.beta1), rest2: Float(1 - settings.beta2),
                second_correction: Float(secondCorrection), epsilon: Float(settings.epsilon),
                l2: settings.isDecoupled ? 0 : Float(settings.weightDecay),
                decay: settings.isDecoupled ? Float(rate * settings.weightDecay) : 0, gradient: gradients,
                weight: weights, first_moment: firstMoments.pointer, second_moment: secondMoments.pointer)
        }
        let pass = top.pass
        pass.run(images: 0, by: worker) {
            pass.share(parts.count) { part, _ in
                pass.trainingKernels.adam(steps[parts[part].group], elements: parts[part].elements)
            }
        }
    }
}
