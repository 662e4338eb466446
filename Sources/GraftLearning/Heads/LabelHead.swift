/// A head that answers on its own: probabilities for the labels it knows.
package protocol LabelHead: Sendable {
    /// Ids, ascending. `[L]`
    var labels: [Int64] { get }
    /// The probability of each of ``labels``. `[L]`
    func probabilities(of features: some HeadInput) -> [Float]
}

extension LinearHead: LabelHead {}
extension MLPHead: LabelHead {}
extension VersionHead: LabelHead {}
