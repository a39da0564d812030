"""NIfTI-1 and NIfTI-2 volumes, packed or not: one axial slice, as a radiologist looks at it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medai_core.errors import ImageError
from medai_core.imaging.images.display import finite, natural_window, spanning, windowed
from medai_core.imaging.images.formats import NIFTI_HEADER_BYTES, gunzipped_start, nifti_version
from medai_core.imaging.images.image import Header, Image, Opened, Place
from medai_core.imaging.images.source import Source
from medai_core.imaging.images.synthetic import says_synthetic

_MM = {"mm": 1.0, "meter": 1000.0, "micron": 0.001}


def open_nifti(source: Source) -> Opened:
    """A volume, unpacked once; its frames are axial slices.

    Rows run from anterior to posterior, columns from the patient's right to left. A slice is across the axis that
    is nearest to feet-to-head; nothing is resampled, so an oblique volume shows oblique slices. Of a series over
    time, frame ``slice * times + time``. ``spacing_mm`` is None where the header does not give the unit of length.
    """
    header = _header(source)
    shape, dtype = _shape(header), _dtype(header)
    axes = _axes(header)
    planes = [shape[int(np.argmax(axes[:, 0] == axis))] for axis in range(3)]
    source.admit(planes[1], planes[0])
    volume = _canonical(_volume(source, header, shape, dtype), axes)
    facts: dict[str, Any] = {"sha256": source.sha256, "format": "NIfTI", "frames": planes[2] * shape[3]}
    facts["spacing_mm"], facts["slice_mm"] = _spacing(header, axes)
    facts["synthetic"] = says_synthetic([bytes(header["descrip"]).decode("latin-1")])

    def place_of(frame: int) -> Place | None:
        return _place(header, axes, shape, frame // shape[3]) if facts["spacing_mm"] else None

    def header_of(frame: int) -> Header:
        sizes = {name: facts[name] for name in ("spacing_mm", "slice_mm", "synthetic")}
        return Header(planes[1], planes[0], place=place_of(frame), number=frame, **sizes)

    def pixels_of(frame: int) -> NDArray[np.float32] | NDArray[np.uint8]:
        index, time = divmod(frame, shape[3])
        plane = volume[::-1, ::-1, index, time].swapaxes(0, 1)
        if dtype.names:
            return np.stack([plane[name] for name in dtype.names[:3]], axis=-1)
        return finite(_scaled(plane, header))

    def read(frame: int) -> Image:
        pixels, own = pixels_of(frame), facts | {"frame": frame, "place": place_of(frame)}
        if pixels.ndim == 3:
            return Image(pixels=pixels, display=pixels.astype(np.uint8), **own)
        window = _window(header) or natural_window(pixels.astype(np.float32))
        return Image(pixels=pixels, display=windowed(pixels, *window), window=window, **own)

    return Opened(planes[2] * shape[3], read, header_of, pixels_of)


def _place(header: Any, axes: NDArray[np.int_], shape: tuple[int, ...], index: int) -> Place:
    """Where an axial slice lies, in DICOM's coordinates: NIfTI counts to the right and to the front."""
    grid = _grid(header, axes, shape) * _MM[header.get_xyzt_units()[0]]
    sizes = [shape[int(np.argmax(axes[:, 0] == axis))] for axis in (0, 1)]
    to_dicom = np.array([-1.0, -1.0, 1.0])
    corner = to_dicom * (grid[:3, :3] @ [sizes[0] - 1, sizes[1] - 1, index] + grid[:3, 3])
    row, column = (-to_dicom * grid[:3, axis] / np.linalg.norm(grid[:3, axis]) for axis in (0, 1))
    return Place(_triple(corner), _triple(row), _triple(column))


def _triple(vector: NDArray[np.float64]) -> tuple[float, float, float]:
    return float(vector[0]), float(vector[1]), float(vector[2])


def _grid(header: Any, axes: NDArray[np.int_], shape: tuple[int, ...]) -> NDArray[np.float64]:
    """The affine (4, 4) of the voxels once their axes run to the right, to anterior, to superior."""
    from nibabel.orientations import inv_ornt_aff

    moved = inv_ornt_aff(axes, shape[:3])  # type: ignore[no-untyped-call]
    return np.asarray(header.get_best_affine() @ moved, np.float64)


def grid_of(data: bytes) -> NDArray[np.float64] | None:
    """The affine (4, 4) of a NIfTI file's voxels once its axes run to the right, to anterior, to superior.

    None where the bytes are no NIfTI.

    Raises
    ------
    ImageError : the header cannot be used.
    """
    start = gunzipped_start(data) if data[:2] == b"\x1f\x8b" else data[:NIFTI_HEADER_BYTES]
    if nifti_version(start) is None:
        return None
    header = _header(Source(data, 0, len(data)))
    return _grid(header, _axes(header), _shape(header))


def _header(source: Source) -> Any:
    import nibabel

    packed = source.data[:2] == b"\x1f\x8b"
    start = gunzipped_start(source.data) if packed else source.data[:NIFTI_HEADER_BYTES]
    version, order = nifti_version(start) or (1, "<")
    kind, size = (nibabel.Nifti2Header, 540) if version == 2 else (nibabel.Nifti1Header, 348)
    if len(start) < size:
        raise ImageError("image.cut", format="NIfTI")
    # Unchecked: nibabel's check mends some fields silently and prints of the others.
    header: Any = kind(start[:size], endianness=order, check=False)  # type: ignore[no-untyped-call]
    if bytes(header["magic"].tobytes()).startswith(b"ni"):
        raise ImageError("image.half")
    return header


def _fault(field: str) -> ImageError:
    return ImageError("image.header", format="NIfTI", field=field)


def _shape(header: Any) -> tuple[int, int, int, int]:
    """(i, j, k, time); a plane is a volume of one slice."""
    dims = [int(size) for size in header["dim"]]
    if not 2 <= dims[0] <= 7 or min(dims[1 : dims[0] + 1]) < 1:
        raise _fault("dim")
    sizes = [*dims[1 : dims[0] + 1], 1, 1]
    if max(sizes[4:], default=1) > 1:
        raise _fault("dim")
    return sizes[0], sizes[1], sizes[2], sizes[3]


def _dtype(header: Any) -> np.dtype[Any]:
    try:
        dtype: np.dtype[Any] = header.get_data_dtype()
    except Exception as error:  # an unknown code, which nibabel reports in more than one way
        raise _fault("datatype") from error
    if not dtype.names and (dtype.kind not in "iuf" or not dtype.itemsize):
        raise _fault("datatype")
    return dtype


def _axes(header: Any) -> NDArray[np.int_]:
    """(3, 2): for each axis of the array, which of right, anterior, superior it is, and its sign.

    A header whose orientation cannot be told is refused: left and right would be a guess.
    """
    from nibabel.orientations import io_orientation

    affine = header.get_best_affine()
    if not np.isfinite(affine).all():
        raise _fault("srow / quatern")
    axes: NDArray[np.float64] = io_orientation(affine)  # type: ignore[no-untyped-call]
    if not np.isfinite(axes).all():
        raise _fault("srow / quatern")
    return axes.astype(np.int_)


def _canonical(volume: NDArray[Any], axes: NDArray[np.int_]) -> NDArray[Any]:
    """A view of the volume whose axes run to the right, to anterior, to superior, then time."""
    for axis, sign in enumerate(axes[:, 1]):
        if sign < 0:
            volume = np.flip(volume, axis)
    return volume.transpose(*np.argsort(axes[:, 0]), 3)


def _volume(source: Source, header: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """(i, j, k, time), a view of the file's bytes or of what they unpack to."""
    offset = float(header["vox_offset"])
    if not math.isfinite(offset) or not 0 <= offset < 2**62:
        raise _fault("vox_offset")
    start = max(int(offset), int(header["sizeof_hdr"]))
    count = math.prod(shape)
    end = start + count * dtype.itemsize
    data = source.inflated_gzip(end, "NIfTI") if source.data[:2] == b"\x1f\x8b" else source.data
    if end > len(data):
        raise ImageError("image.cut", format="NIfTI")
    return np.frombuffer(data, dtype, count=count, offset=start).reshape(shape, order="F")


def _scaled(plane: NDArray[Any], header: Any) -> NDArray[Any]:
    slope, intercept = float(header["scl_slope"]), float(header["scl_inter"])
    if slope == 0 or (slope == 1 and intercept == 0):  # nifti1.h: a slope of 0 means no scaling
        return plane
    if not (math.isfinite(slope) and math.isfinite(intercept)):
        if math.isnan(slope):  # nibabel writes NaN for "none"
            return plane
        raise _fault("scl_slope")
    scaled: NDArray[Any] = plane.astype(np.float64) * slope + intercept
    return scaled


def _window(header: Any) -> tuple[float, float] | None:
    low, high = float(header["cal_min"]), float(header["cal_max"])
    return spanning(low, high) if math.isfinite(high - low) and low < high else None


def _spacing(header: Any, axes: NDArray[np.int_]) -> tuple[tuple[float, float] | None, float | None]:
    """Within a slice (rows, columns) and between slices; None for what the header does not say."""
    unit = _MM.get(header.get_xyzt_units()[0])
    sizes = [abs(float(size)) for size in header["pixdim"][1:4]]
    across, along, apart = (sizes[int(np.argmax(axes[:, 0] == axis))] for axis in (0, 1, 2))
    if unit is None or not all(math.isfinite(size) and size > 0 for size in (across, along)):
        return None, None
    known = int(header["dim"][0]) >= 3 and math.isfinite(apart) and apart > 0
    return (along * unit, across * unit), apart * unit if known else None
