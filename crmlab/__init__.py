"""crmlab: the helper package of the CRM workbook.

Rooms are CRM concepts (`crmlab.value`, `crmlab.clv`, …); import the one you need::

    from crmlab import clv, data

Importing `crmlab` itself does nothing else: every room loads when it is first imported.
"""

__version__ = "0.1.0"
