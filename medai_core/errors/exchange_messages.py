"""The sentences about what leaves and enters: exports, de-identification, the PACS and the listener."""

from __future__ import annotations

from medai_core.errors.marking import N_

EXCHANGE_MESSAGES: dict[str, str] = {
    # Names removed
    "deidentify.no_dicom": N_("{file} is no DICOM file, so its names cannot be removed. Leave it out."),
    "deidentify.damaged": N_("{file} cannot be read as a whole: it is damaged or cut short. Export or copy it again."),
    "deidentify.text": N_("{file} is {kind}: it is made of text that no rule can clean. Leave it out."),
    "deidentify.coding": N_(
        "The pixels of {file} are coded in a way in which names could hide. Export it uncompressed, or as JPEG."
    ),
    "deidentify.burned_in": N_(
        "{file} says that names are written into its picture. Cover them first, "
        "or say --burned-in keep if you have looked and there are none."
    ),
    "deidentify.looks_like_text": N_(
        "{file} has something in its picture that looks like lines of text. Look at it; "
        "if there are no names, say --burned-in keep."
    ),
    "deidentify.residue": N_("A name is still found in {file} after cleaning. Nothing was written; report this file."),
    "deidentify.look": N_("look at the picture: {kind} often have names written into them"),
    "deidentify.unseen": N_("look at the picture: it could not be decoded here"),
    "deidentify.twice": N_("{file} would be written over another one of its name. Nothing was written."),
    "deidentify.kept": N_("kept although names may be written into the picture"),
    "deidentify.face": N_("the file says that a face can be recognised in it"),
    "deidentify.nothing": N_("{folder} holds no file. Name a DICOM file or a folder that has some."),
    # What leaves
    "export.no_reading": N_("Nothing has been read for this patient, so there is nothing to hand out. File a scan."),
    "export.no_region": N_(
        "No reading here speaks of a region, so there is no segmentation. It takes a model that outlines something."
    ),
    "export.invalid": N_("What is filed cannot be written as FHIR. Nothing was handed out; report this record."),
    # The PACS
    "pacs.address": N_("No PACS is set. Give its DICOMweb address by --url or MEDAI_PACS_URL."),
    "pacs.scheme": N_(
        "The address '{url}' is none of DICOMweb. It begins with https://, or with http:// on this machine."
    ),
    "pacs.unreached": N_("The PACS at {url} cannot be reached: {detail}. Check the address and that it runs."),
    "pacs.refused": N_("The PACS at {url} refuses: {detail}. Ask who runs it."),
    "pacs.answer": N_("What the PACS at {url} answers is no DICOMweb. Check the address."),
    "pacs.no_dicom": N_("{file} is no DICOM file, so it cannot go to a PACS. Leave it out."),
    "pacs.none": N_("The PACS has no study '{study}'. Look for it with `pacs find`."),
    "pacs.rejected": N_("The PACS took {stored} of {sent} objects and rejected the others. Ask who runs it."),
    # The listener
    "listen.address": N_(
        "At the address {address} others could send scans, and nobody would know who. "
        "Give --certificate, --key and --clients so that both sides prove who they are, or listen at 127.0.0.1."
    ),
    "listen.port": N_("Nothing can listen at {address}:{port}: {detail}. Choose another port."),
    "listen.title": N_("'{title}' is no AE title: 1 to 16 letters, digits, spaces and signs. Choose another."),
    "listen.certificates": N_("Give --certificate, --key and --clients together, or none of them."),
    "listen.certificate": N_("The certificate, key or list of clients cannot be used: {detail}."),
    "deidentify.unwritten": N_("{file} cannot be written: {detail}. Choose another place."),
}
