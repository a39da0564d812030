"""Run as a program: one lossless JPEG stream in, its samples out. See ``lossless.py``; never imported.

Nothing of the house is imported here, so that the process starts in the time that gdcm takes.
"""

from __future__ import annotations

import json
import sys


def main() -> None:
    """Decode standard input as the JSON in the first argument describes it, to standard output."""
    import gdcm

    facts = json.loads(sys.argv[1])
    fragment = gdcm.Fragment()
    fragment.SetByteStringValue(sys.stdin.buffer.read())
    fragments = gdcm.SequenceOfFragments.New()
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())
    image = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimensions((facts["columns"], facts["rows"], 1))
    image.SetDataElement(element)
    colour = gdcm.PhotometricInterpretation.GetPIType(facts["photometric_interpretation"])
    image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(colour))
    image.SetPlanarConfiguration(facts["planar_configuration"])
    image.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(facts["transfer_syntax"])))
    stored = facts["bits_stored"]
    layout = (facts["samples_per_pixel"], facts["bits_allocated"], stored, stored - 1, facts["pixel_representation"])
    image.SetPixelFormat(gdcm.PixelFormat(*layout))
    # gdcm hands out bytes as text.
    sys.stdout.buffer.write(image.GetBuffer().encode("utf-8", "surrogateescape"))


if __name__ == "__main__":
    main()
