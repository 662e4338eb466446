"""Makes full-size Keras checkpoints with seeded random weights, and records what Keras computes with them.

usage: keras_models.py FOLDER [NAME ...]     (needs keras, 2.15 or any 3, and tensorflow)
       GRAFTD_TEST_KERAS=FOLDER swift test -c release --filter KerasModels     compares what graftd imports and computes

NAME is one of VGG16, VGG19, ResNet50, ResNet101, ResNet152, MobileNetV2; without any, VGG16, ResNet50 and MobileNetV2. Each is
saved as weights and as a whole model in the legacy .h5, as .weights.h5 and as .keras, without the classifier, and once with it.
"""
import json, os, sys
import numpy as np, keras

ARCHITECTURES = dict(VGG16="vgg16", VGG19="vgg19", ResNet50="resnet50_keras", ResNet101="resnet101_keras",
                     ResNet152="resnet152_keras", MobileNetV2="mobilenet_v2_keras")
# Keras' own preprocessing of one grey pixel, which tells the mean and the scale of each channel.
MODULES = dict(VGG16="vgg16", VGG19="vgg19", ResNet50="resnet50", ResNet101="resnet", ResNet152="resnet", MobileNetV2="mobilenet_v2")

folder, names = sys.argv[1], sys.argv[2:] or ["VGG16", "ResNet50", "MobileNetV2"]
os.makedirs(folder, exist_ok=True)
generator = np.random.default_rng(0)


def randomise(net):
    """Weights that keep activations alive, and statistics that are not those of a new network."""
    for layer in net.layers:
        weights = layer.get_weights()
        if isinstance(layer, keras.layers.BatchNormalization):
            weights = [base + spread * generator.uniform(-1, 1, w.shape) for w, base, spread in
                       zip(weights, (1, 0.5, 0, 1), (0.2, 0.5, 0.2, 0.5))]
        else:
            weights = [generator.normal(0, (2 / max(1, w[..., 0].size)) ** 0.5 if w.ndim > 1 else 0.1, w.shape) for w in weights]
        layer.set_weights(weights)


image = generator.uniform(-1, 1, (1, 224, 224, 3)).astype(np.float32)
image.tofile(os.path.join(folder, "image.f32"))
recorded = []
for name in names:
    build = getattr(keras.applications, name)
    net = build(include_top=False, weights=None, input_shape=(224, 224, 3))
    randomise(net)
    features = np.asarray(net(image, training=False), np.float64).mean((0, 1, 2))
    files = [f"{name}.notop.h5", f"{name}.weights.h5", f"{name}.model.h5", f"{name}.keras"]
    legacy = dict(save_format="h5") if keras.__version__ < "3" else {}
    if legacy: net.save_weights(os.path.join(folder, files[0]), **legacy)
    else: files.pop(0)
    net.save_weights(os.path.join(folder, f"{name}.weights.h5"))
    net.save(os.path.join(folder, f"{name}.model.h5"))
    net.save(os.path.join(folder, f"{name}.keras"))
    # The classifier's layers come after the others, whose weights these are.
    whole = build(weights=None)
    whole.set_weights(net.get_weights() + [w for w in whole.get_weights()[len(net.get_weights()):]])
    whole.save_weights(os.path.join(folder, f"{name}.top.weights.h5"))
    files.append(f"{name}.top.weights.h5")
    prepare = getattr(keras.applications, MODULES[name]).preprocess_input
    black, white = (prepare(np.full((1, 1, 1, 3), value, np.float32))[0, 0, 0].tolist() for value in (0, 255))
    red = prepare(np.array([[[[255, 0, 0]]]], np.float32))[0, 0, 0]
    recorded.append(dict(architecture=ARCHITECTURES[name], files=files, features=features.tolist(), black=black, white=white,
                         channelOrder="rgb" if red[0] == white[0] else "bgr"))
    print(name, "mean", features.mean(), "deviation", features.std())
with open(os.path.join(folder, "models.json"), "w") as file: json.dump(recorded, file)
