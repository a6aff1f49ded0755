"""striate"""
