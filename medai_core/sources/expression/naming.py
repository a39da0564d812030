"""What names tell: whether they are of genes or of samples, and which column is of neither."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

PROBE = re.compile(
    r"(ENS[A-Z]{0,4}[GT]\d{6,}(\.\d+)?|\S+_at|(ILMN|NM|NR|XM|XR|A_\d\d)_[\dP]\d*"
    r"|Contig\d+(_RC)?|cg\d{8}|hsa-(mir|let)-\S+|HGNC:\d+|(gene|probe|transcript)[\s_.-]?\d+)",
    re.IGNORECASE,
)
"""Ensembl, Affymetrix, Illumina, RefSeq, Agilent, Illumina methylation and miRBase accessions, and numbered genes."""
GENBANK = re.compile(r"([A-Z]{1,2})\d{5,6}(\.\d+)?")
"""A GenBank accession, or a patient's number: genes have many beginnings, patients one."""
SYMBOL = re.compile(r"[A-Z][A-Z0-9-]{1,9}|C\d+orf\d+")
_COMMON = (
    "TP53 BRCA1 BRCA2 ESR1 PGR ERBB2 EGFR MYC KRAS NRAS BRAF PTEN PIK3CA RB1 CDKN2A CCND1 CCNE1 CCNB1 MKI67 AURKA",
    "BIRC5 CDH1 CDH2 VIM KRT5 KRT8 KRT14 KRT17 KRT18 GATA3 FOXA1 XBP1 TFF1 TFF3 BCL2 BAX CD3D CD4 CD8A CD19 CD34",
    "CD68 PTPRC GAPDH ACTB B2M HPRT1 TBP GUSB RPLP0 TFRC MLPH AR SCUBE2 STK15 MMP11 CTSL2 BAG1 GSTM1 GRB7 MYBL2",
    "ALK RET MET KIT FLT3 NPM1 DNMT3A IDH1 IDH2 RUNX1 JAK2 ABL1 CDK4 CDK6 MDM2 TERT VEGFA HIF1A STAT1 STAT3 IFNG",
    "IL6 TNF CXCL9 CXCL10 PDCD1 CD274 CTLA4 MLH1 MSH2 APC SMAD4 TOP2A UBE2C FOXC1 ANLN",
)
COMMON = frozenset(word for line in _COMMON for word in line.split())
"""Genes that most matrices have, of panels too."""
GENE_HEADING = re.compile(
    r"(gene|genes|symbol|probe|probes|probeset|probesets|ensembl|entrez|hugo|hgnc|transcript|mirna|feature)"
    r"([\s_.-]*(ids?|names?|symbols?|accession|set|no|number|title|description|refs?))*"
    r"|id_ref|geneids?|genenames?|genesymbols?|probeids?|ensg|unnamed gene",
    re.IGNORECASE,
)
SAMPLE_HEADING = re.compile(
    r"((sample|patient|subject|case|donor|specimen|individual|array|tumou?r|cell ?line|geo|gsm|bcr patient"
    r"|participant)s?)( ?(ids?|names?|no|nr|num|number|code|barcode|accession))?|ids?|gsm|pid|mrn|hybridization ref",
    re.IGNORECASE,
)
NO_HEADING = re.compile(r"|unnamed: \d+|index|row ?names?|x|#|no\.?|nr\.?", re.IGNORECASE)
ANNOTATION = re.compile(
    r"(gene )?(description|title|symbol|name|accession( number)?)|chr(om(osome)?)?|start|end|strand|length"
    r"|entrez( ?(gene ?)?id)?|gene ?(id|biotype|type)|cytoband|map location|locus",
    re.IGNORECASE,
)
"""What describes a gene beside its values."""
CALL = re.compile(
    r"(.*[\s._-])?(abs[\s._-]?)?(call|detection([\s._-]?p[\s._-]?val(ue)?)?)([\s._-]?\d+)?", re.IGNORECASE
)
"""Affymetrix' statement that a gene was found to be present, marginal or absent."""


def spaced(name: str) -> str:
    """A name with blanks for whatever parts its words."""
    return re.sub(r"[\s_.\-]+", " ", name).strip()


def heads_genes(name: str) -> bool:
    """Whether a heading says that genes stand below it."""
    return GENE_HEADING.fullmatch(name.strip()) is not None


def heads_samples(name: str) -> bool:
    """Whether a heading says that samples stand below it; IDS is a gene."""
    return name.strip() != "IDS" and SAMPLE_HEADING.fullmatch(spaced(name)) is not None


def heads_nothing(name: str) -> bool:
    """Whether a heading says nothing, such as what a program gives to a column without one."""
    return NO_HEADING.fullmatch(name.strip()) is not None


def annotates(name: str) -> bool:
    """Whether a heading is that of a column which describes genes."""
    return ANNOTATION.fullmatch(spaced(name)) is not None


def is_call(name: str) -> bool:
    """Whether a heading is that of a column of detection calls."""
    return CALL.fullmatch(name.strip()) is not None


def are_genes(names: Sequence[str]) -> bool:
    """Whether the names are plainly those of genes: accessions, or with symbols among them that most matrices have."""
    if not names:
        return False
    known = sum(name.upper() in COMMON for name in names)
    probes = sum(PROBE.fullmatch(name) is not None for name in names)
    accessions = [found.group(1) for name in names if (found := GENBANK.fullmatch(name))]
    if len(set(accessions)) > 2:
        probes += len(accessions)
    return 2 * probes >= len(names) or known >= 3 or 3 * known > len(names)


def may_be_symbols(names: Sequence[str]) -> bool:
    """Whether the names could be symbols of genes: short, and beginning in many ways, which numbered samples do not."""
    fitting = sum(SYMBOL.fullmatch(name) is not None for name in names)
    return len(names) >= 4 and 10 * fitting >= 9 * len(names) and 2 * len(set(map(_stem, names))) > len(names)


def are_samples(names: Sequence[str]) -> bool:
    """Whether the names are plainly numbered, as samples are: nine in ten begin alike and end in a number."""
    if len(names) < 2 or are_genes(names):
        return False
    numbers = [int(name) for name in names if name.isdecimal()]
    if 2 * len(numbers) > len(names):
        # Entrez' numbers of genes have large gaps.
        return max(numbers) <= 10 * len(names)
    stems = Counter(_stem(name) for name in names if re.search(r"\d[A-Za-z]?$", name))
    return bool(stems) and 10 * stems.most_common(1)[0][1] >= 9 * len(names)


def _stem(name: str) -> str:
    found = re.match(r"[^\d]*", name)
    return found.group().lower() if found else ""
