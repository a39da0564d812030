"""One frame out of a DICOM file: found, measured against its header, and only then decoded."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, get_frame
from pydicom.filereader import read_dataset, read_partial, read_preamble
from pydicom.pixels.decoders.base import get_decoder
from pydicom.tag import BaseTag
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000TransferSyntaxes,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSTransferSyntaxes,
    JPEGTransferSyntaxes,
    RLELossless,
)

from medai_core.errors import ImageError
from medai_core.imaging.images.codestreams import START_OF_CODESTREAM, jpeg2000_size, jpeg_size, run_length_bytes
from medai_core.imaging.images.dicom_header import integer, text, value
from medai_core.imaging.images.lossless import lossless_samples
from medai_core.imaging.images.source import Source

_PIXELS = {0x7FE00010: "PixelData", 0x7FE00009: "DoubleFloatPixelData", 0x7FE00008: "FloatPixelData"}
_UNDEFINED = 0xFFFFFFFF
_ITEM, _DELIMITER = 0xE000FFFE, 0xE0DDFFFE  # as little-endian words
_MAX_FRAGMENTS = 200_000
# PackBits unpacks 2 bytes to at most 128; a frame that could pass this is measured first.
_UNMEASURED_RUNS = 2**28 // 64
# Fastest first. Not gdcm, which pydicom would ask first: see lossless.py.
_PLUGINS = ("pylibjpeg", "pyjpegls", "pillow", "pydicom")
_LOSSLESS = (JPEGLossless, JPEGLosslessSV1)
_COLOURS = frozenset(
    ["MONOCHROME1", "MONOCHROME2", "PALETTE COLOR", "RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT"]
)


@dataclass(frozen=True)
class Element:
    """Where the pixel data lie: which element of which VR, from where on in which bytes, how long."""

    keyword: str
    vr: str | None
    body: bytes
    start: int
    length: int

    @property
    def available(self) -> int:
        """The bytes from its start to the end of the file."""
        return len(self.body) - self.start

    def opened(self) -> BytesIO:
        """The body at the start of the pixels; shares its memory."""
        file = BytesIO(self.body)
        file.seek(self.start)
        return file


def read_header(source: Source) -> tuple[Dataset, Element | None, bool]:
    """The data set up to the pixels, where those are, and whether the file ends in the midst of an element."""
    data, meta = _body(source)
    body = BytesIO(data)
    last: list[tuple[int, str | None, int, int]] = []

    def at_pixels(tag: BaseTag, vr: str | None, length: int) -> bool:
        last[:] = [(int(tag), vr, length, body.tell())]
        return int(tag) in _PIXELS

    if meta is None:
        ds: Dataset = read_partial(body, stop_when=at_pixels, force=True)
    else:
        ds = read_dataset(body, False, True, stop_when=at_pixels)
        ds.file_meta = meta
    tag, vr, length, start = last[0] if last else (0, None, 0, 0)
    if tag in _PIXELS:
        return ds, Element(_PIXELS[tag], vr, data, start, length), False
    return ds, None, length != _UNDEFINED and start + length > len(data)


def _body(source: Source) -> tuple[bytes, Any]:
    """The file, or what a deflated data set unpacks to with the file's meta information.

    pydicom would inflate a data set without a limit.
    """
    body = BytesIO(source.data)
    read_preamble(body, force=True)
    meta = read_dataset(body, False, True, stop_when=lambda tag, _vr, _length: tag >> 16 != 2)
    if value(meta, "TransferSyntaxUID") == DeflatedExplicitVRLittleEndian:
        from pydicom.dataset import FileMetaDataset

        return source.inflated_tail(body.tell(), "DICOM"), FileMetaDataset(meta)
    return source.data, None


def transfer_syntax(ds: Dataset, element: Element) -> UID:
    """The syntax that the file names, else the one it was found to be written in; ImageError if unknown."""
    named = value(getattr(ds, "file_meta", Dataset()), "TransferSyntaxUID")
    if named is None and element.length != _UNDEFINED:
        if element.vr is None:
            return ImplicitVRLittleEndian
        return ExplicitVRLittleEndian if ds.original_encoding[1] is not False else ExplicitVRBigEndian
    syntax = UID(str(named or ""))
    try:
        known = get_decoder(syntax).is_available
    except NotImplementedError:
        known = False
    if not known:
        raise ImageError("image.transfer_syntax", name=syntax.name or "none named")
    return syntax


def pixel_options(ds: Dataset, element: Element) -> dict[str, Any]:
    """The header's description of the pixels, every part of it present and possible."""
    samples = integer(ds, "SamplesPerPixel", 1)
    bits = integer(ds, "BitsAllocated")
    colour = (text(ds, "PhotometricInterpretation") or "").upper()
    if not colour:
        raise ImageError("image.header", format="DICOM", field="PhotometricInterpretation")
    if colour not in _COLOURS or samples not in (1, 3):
        raise ImageError("image.colour", name=colour)
    options: dict[str, Any] = {
        "rows": integer(ds, "Rows"),
        "columns": integer(ds, "Columns"),
        "number_of_frames": max(1, integer(ds, "NumberOfFrames", 1)),
        "samples_per_pixel": samples,
        "planar_configuration": integer(ds, "PlanarConfiguration", 0),
        "photometric_interpretation": colour,
        "bits_allocated": bits,
        "bits_stored": integer(ds, "BitsStored", bits),
        "pixel_keyword": element.keyword,
    }
    if element.keyword == "PixelData":
        options["pixel_representation"] = integer(ds, "PixelRepresentation")
    for keyword in ("Rows", "Columns"):
        if options[keyword.lower()] < 1:
            raise ImageError("image.header", format="DICOM", field=keyword)
    if element.vr:
        options["pixel_vr"] = element.vr
    return options


def measure(ds: Dataset, element: Element, options: dict[str, Any]) -> None:
    """See that all the pixels are there that the header speaks of.

    Raises
    ------
    ImageError : the file is cut, or holds less than its header says.
    """
    if transfer_syntax(ds, element).is_encapsulated:
        _measure_fragments(element, options["number_of_frames"])
    else:
        _measure_native(element, options)


def decoded(ds: Dataset, element: Element, options: dict[str, Any], frame: int) -> tuple[NDArray[Any], dict[str, Any]]:
    """(y, x) or (y, x, 3) as stored, colours as RGB, and pydicom's description of it; to be measured before.

    Raises
    ------
    ImageError : its stream is damaged.
    """
    syntax = transfer_syntax(ds, element)
    if not syntax.is_encapsulated:
        return _decode(syntax, element.opened(), options, frame)
    return _decompressed(ds, element, options, frame, syntax)


def _decompressed(
    ds: Dataset, element: Element, options: dict[str, Any], frame: int, syntax: UID
) -> tuple[NDArray[Any], dict[str, Any]]:
    tables = [value(ds, name) for name in ("ExtendedOffsetTable", "ExtendedOffsetTableLengths")]
    if all(isinstance(table, bytes) for table in tables):
        options = options | {"extended_offsets": tuple(tables)}
    stream = _measured_stream(element, options, frame, syntax)
    alone = options | {"number_of_frames": 1, "extended_offsets": None}
    if syntax in JPEG2000TransferSyntaxes:
        # Without the boxes of a JP2 file, which DICOM does not allow: pydicom never returns from one of length 0.
        stream = stream[stream.index(START_OF_CODESTREAM) :]
    if syntax not in _LOSSLESS:
        return _decode(syntax, BytesIO(encapsulate([stream])), alone, 0)
    samples = lossless_samples(stream, options, syntax, syntax.name)
    return _decode(ExplicitVRLittleEndian, BytesIO(samples), alone | {"planar_configuration": 0}, 0)


def _decode(syntax: UID, file: BytesIO, options: dict[str, Any], frame: int) -> tuple[NDArray[Any], dict[str, Any]]:
    decoder, start = get_decoder(syntax), file.tell()
    plugins = [plugin for plugin in _PLUGINS if plugin in decoder.available_plugins] or [""]
    for plugin in plugins:
        try:
            file.seek(start)
            array, facts = decoder.as_array(file, index=frame, decoding_plugin=plugin, **options)
            return array, dict(facts)
        except Exception as error:  # each decoding library has exceptions of its own for a damaged stream
            fault = error
    raise ImageError("image.stream", coding=syntax.name) from fault


def _measure_native(element: Element, options: dict[str, Any]) -> None:
    samples: float = options["samples_per_pixel"]
    if options["photometric_interpretation"] == "YBR_FULL_422":
        samples = 2  # two pixels share their colours (PS3.3, C.7.6.3.1.2)
    bits = options["rows"] * options["columns"] * samples * options["bits_allocated"]
    needed = math.ceil(bits * options["number_of_frames"] / 8)
    if element.length == _UNDEFINED or element.length < needed:
        found = min(element.length, element.available)
        raise ImageError("image.short", found_bytes=found, needed_bytes=needed)
    if element.available < element.length:
        raise ImageError("image.cut", format="DICOM")


def _measure_fragments(element: Element, frames: int) -> None:
    """Walk over the items of encapsulated pixel data (PS3.5, A.4): all there, and enough of them."""
    view, position = memoryview(element.body), element.start
    for count in range(_MAX_FRAGMENTS):
        header = view[position : position + 8]
        if len(header) < 8:
            raise ImageError("image.cut", format="DICOM")
        tag, length = struct.unpack("<II", header)
        position += 8 + length
        if tag == _DELIMITER:
            if count - 1 < frames:  # the first item is the table of offsets
                raise ImageError("image.missing_frames", found=count - 1, frames=frames)
            return
        if tag != _ITEM:
            raise ImageError("image.corrupt", format="DICOM")
        if position > len(view):
            raise ImageError("image.cut", format="DICOM")
    raise ImageError("image.too_many_frames", limit=_MAX_FRAGMENTS)


def _measured_stream(element: Element, options: dict[str, Any], frame: int, syntax: UID) -> bytes:
    """The compressed frame; one whose own size is not the header's is refused.

    Decoders make room for what the stream claims.
    """
    try:
        stream = get_frame(
            element.opened(),
            frame,
            number_of_frames=options["number_of_frames"],
            extended_offsets=options.get("extended_offsets"),
        )
    except Exception as error:  # tables of offsets that point anywhere fail in any way
        raise ImageError("image.stream", coding=syntax.name) from error
    size = (options["rows"], options["columns"])
    if syntax in (*JPEGTransferSyntaxes, *JPEGLSTransferSyntaxes):
        rows, columns, bits = jpeg_size(stream, syntax.name, "DICOM")
        if syntax == JPEGExtended12Bit and bits > 8:
            raise ImageError("image.transfer_syntax", name=f"{syntax.name}, {bits} bits")
        fits = (rows, columns) == size
    elif syntax in JPEG2000TransferSyntaxes:
        fits = jpeg2000_size(stream, syntax.name) == size
    else:
        fits = syntax != RLELossless or _runs_fit(stream, options)
    if not fits:
        raise ImageError("image.stream", coding=syntax.name)
    return stream


def _runs_fit(stream: bytes, options: dict[str, Any]) -> bool:
    if len(stream) <= _UNMEASURED_RUNS:
        return True
    pixels = options["rows"] * options["columns"] * options["samples_per_pixel"]
    frame_bytes: int = math.ceil(pixels * options["bits_allocated"] / 8)
    return len(stream) <= 2 * frame_bytes and run_length_bytes(stream[64:]) <= 2 * frame_bytes
