"""What a scorecard says of predicted classes beyond their error rate; shares are from 0 to 1."""

from __future__ import annotations

from manifests.tables.parts import Bias, Estimate, Part


class Rates(Part):
    """One class in one group: of its photos the share that is recognised, of the others the share taken for it.

    Attributes:
        n: photos of the class in the group.
        others: the group's other photos.
        true_positive: recall; None without a photo of the class.
        false_positive: None without another photo.
        selected: share of the group's photos that is predicted to be of the class.
    """

    n: int
    others: int
    true_positive: Estimate | None
    false_positive: Estimate | None
    selected: float


class Fairness(Part):
    """How far the groups of an axis are apart, as the largest less the smallest rate.

    Attributes:
        opportunity: class -> gap in its true positive rate (Hardt, Price and Srebro 2016).
        odds: the larger gap in true or false positive rate, of any class: equalised odds.
        parity: the largest gap in the share that is predicted to be of a class: demographic parity.
    """

    opportunity: dict[str, float]
    odds: float
    parity: float


class Bin(Part):
    """Photos whose predicted class has about one probability: their mean probability, and how many are right."""

    n: int
    confidence: float
    accuracy: float


class Reliability(Part):
    """Whether the probability of the predicted class is the share that is right.

    Attributes:
        error: expected calibration error, the mean of |accuracy - confidence| over the photos' bins (Naeini 2015).
        bins: of equal width, those that have photos.
    """

    error: float
    bins: list[Bin]


class Threshold(Part):
    """The threshold on the second class' probability with the best balanced accuracy on valid, and what it gives."""

    value: float
    accuracy: Estimate
    balanced_accuracy: Estimate


class ClassScores(Part):
    """One split.

    Attributes:
        classes: in order.
        balanced_accuracy: the mean recall of the classes.
        one_off: share that is right or one class off, where the classes are ordered.
        log_loss: mean of -log of the label's probability, natural; None without probabilities, as are the next two.
        auc: area under the ROC curve; of three classes or more the mean over the classes, each against the rest.
        calibration: of the probability of the predicted class.
        confusion: photos by label (rows) and prediction (columns).
        class_gap: mean pairwise gap of the classes' error rates, in %; the bias of the target's own axis.
        rates: axis -> group -> class -> rates.
        fairness: axis -> gaps.
        threshold: of two classes; None without a valid split.
    """

    classes: list[str]
    accuracy: Estimate
    balanced_accuracy: Estimate
    one_off: Estimate | None
    log_loss: Estimate | None
    auc: Estimate | None
    confusion: list[list[int]]
    calibration: Reliability | None
    class_gap: Bias | None
    rates: dict[str, dict[str, dict[str, Rates]]]
    fairness: dict[str, Fairness]
    threshold: Threshold | None
