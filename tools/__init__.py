"""Commands that make and check the workbook; the package `crmlab` does not need them."""
