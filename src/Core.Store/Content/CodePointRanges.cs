namespace Core.Store.Content;

/// <summary>Sets of code points as sorted pairs: first, last, first, last.</summary>
internal static class CodePointRanges
{
    /// <summary>Whether a code point lies in one of the ranges, both ends included.</summary>
    public static bool Contain(ReadOnlySpan<int> pairs, int codePoint)
    {
        int low = 0, high = pairs.Length / 2 - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            if (codePoint < pairs[2 * middle]) high = middle - 1;
            else if (codePoint > pairs[2 * middle + 1]) low = middle + 1;
            else return true;
        }

        return false;
    }
}
