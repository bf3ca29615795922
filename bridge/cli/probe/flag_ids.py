"""Who made a meter, by the three letters that begin its logical device name (IEC 62056-6-2, 4.1.8.2).

The letters are given out by the DLMS User Association (the FLAG list, https://www.dlms.com/flag-id/flag-id-list). This
is no copy of that list of some 1,500 but the makers of electricity meters that are met most, taken from the one that
wmbusmeters keeps under CC0 (src/manufacturers.h, 2021). An id that is not here is shown as it is: no name is made up.
"""

from __future__ import annotations

import re

_MAKERS = {
    "ABB": "ABB, Sweden", "ACE": "Actaris (Itron), France", "ACL": "Aclara Meters, United Kingdom",
    "ADD": "ADD Production, Moldova", "ADX": "ADD Production, Moldova",
    "AEC": "Advanced Electronics Company, Saudi Arabia",
    "AEM": "AEM, Romania", "ALG": "Algodue Elettronica, Italy", "ALL": "Allied Engineering Works, India",
    "APA": "Apator, Poland", "APT": "Apator, Poland", "AUX": "Ningbo Sanxing Smart Electric, China",
    "AVA": "Avangard, Russia", "BSE": "Basari Elektronik, Turkey", "CIR": "Circutor, Spain",
    "CLE": "Shenzhen Clou Electronics, China", "CWI": "Cewe Instrument, Sweden", "DZG": "DZG Metering, Germany",
    "EBZ": "eBZ, Germany", "ECH": "Networked Energy Services, United States", "EDM": "EDMI", "EES": "Eletra, Brazil",
    "EGM": "Elgama Elektronika, Lithuania", "ELE": "Elster Electricity, United States",
    "ELM": "Elektromed Elektronik, Turkey", "ELO": "ELO Sistemas Eletronicos, Brazil",
    "ELR": "Elster Metering, United Kingdom", "ELS": "Elster, Germany", "EMH": "EMH metering, Germany",
    "EMR": "Energomera, Russia", "ENT": "ENTES Elektronik, Turkey", "ESC": "EDMI Shenzhen, China", "ESY": "EasyMeter",
    "FED": "Federal Elektrik, Turkey", "GAV": "Carlo Gavazzi Controls, Italy", "GEE": "GE Energy, United Kingdom",
    "GOE": "Genus Power Infrastructures, India", "GRX": "Gurux, Finland", "HAG": "Hager Electro, Germany",
    "HIE": "Shenzhen Holley South Electronics, China", "HLY": "Holley Metering", "HML": "Holley Technology, China",
    "HND": "Shenzhen Hemei Group, China", "HPL": "HPL Socomec, India", "HXE": "Hexing Electrical, China",
    "IHM": "Shenzhen Inhemeter, China", "INC": "Incotex, Russia", "ISK": "Iskraemeco, Slovenia",
    "ISS": "Iskra, Slovenia", "ITB": "Itron, Brazil", "ITE": "Itron Electricity, France", "ITR": "Itron",
    "ITU": "Itron, United States", "IUS": "IUSA, Mexico", "JAN": "Janitza electronics, Germany",
    "JCE": "Janz Contadores de Energia, Portugal", "JOY": "Zhejiang Joy Electronic Technology, China",
    "KAA": "Kamstrup, Denmark", "KAM": "Kamstrup, Denmark", "KFM": "Shenzhen Kaifa Technology, China",
    "KMB": "Kamstrup, Denmark", "LCG": "Landis+Gyr Meter System Zhuhai, China", "LGB": "Landis+Gyr, United Kingdom",
    "LGC": "Landis+Gyr, Brazil", "LGD": "Landis+Gyr, Germany", "LGF": "Landis+Gyr, Finland",
    "LGS": "Landis+Gyr, South Africa", "LGZ": "Landis+Gyr, Switzerland", "LNT": "Schneider Electric, India",
    "LOG": "LOGAREX Smart Metering, Czech Republic", "LSK": "LS Industrial Systems, South Korea",
    "LUN": "LUNA Elektrik Elektronik, Turkey", "LYE": "Jiangsu Linyang Electronics, China",
    "MCS": "MetCom Solutions, Germany", "MIR": "MIR Research and Production Association, Russia",
    "MIT": "Sagemcom Energy & Telecom, France", "MKL": "MAKEL, Turkey", "MKS": "MAK-SAY Elektrik Elektronik, Turkey",
    "MRT": "MIRTEK, Russia", "MSY": "MAK-SAY Elektrik Elektronik, Turkey", "NES": "NORA, Turkey",
    "NIK": "NIK Elektronika, Ukraine", "ORB": "ORBIS Tecnologia Electrica, Spain", "OSK": "Osaki Electric, Japan",
    "POZ": "ZEUP Pozyton, Poland", "PRI": "PRI (Polymeters Response International), United Kingdom",
    "RIM": "Radio and Microelectronics, Russia", "SAG": "Sagemcom Energy & Telecom, France", "SAT": "SATEC, Israel",
    "SEC": "Schneider Electric, Canada", "SEE": "El Sewedy Electrometer, Egypt", "SET": "Sagemcom, France",
    "SIE": "Siemens", "SLB": "Schlumberger (Itron), France", "SNM": "ShenZhen Northmeter, China",
    "SOC": "SOCOMEC, France", "STA": "Shenzhen Star Instrument, China", "YTE": "Yuksek Teknoloji, Turkey",
    "ZAG": "Zellweger Uster, Switzerland", "ZIV": "ZIV Aplicaciones y Tecnologia, Spain",
}  # fmt: skip


def flag_id(name: str) -> str:
    """Return the three letters that ``name`` begins with, upper case; empty when it does not begin with three.

    Args:
        name: a logical device name, or what stands behind the slash of a mode E identification.
    """
    letters = name[:3]
    return letters.upper() if re.fullmatch("[A-Za-z]{3}", letters) else ""


def maker(letters: str) -> str:
    """Return the manufacturer of a FLAG id; empty when it is not in the table."""
    return _MAKERS.get(letters.upper(), "")
