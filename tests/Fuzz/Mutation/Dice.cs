namespace Fuzz.Mutation;

/// <summary>Random numbers by SplitMix64: cheap to begin anew, so that every message of a run is made again by the run's seed and its number alone.</summary>
public struct Dice(ulong seed, ulong number)
{
    private ulong _state = (seed * 0x9E37_79B9_7F4A_7C15) ^ (number * 0xD1B5_4A32_D192_ED03);

    public ulong Next()
    {
        _state += 0x9E37_79B9_7F4A_7C15;
        ulong mixed = (_state ^ (_state >> 30)) * 0xBF58_476D_1CE4_E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D0_49BB_1331_11EB;
        return mixed ^ (mixed >> 31);
    }

    /// <summary>0 to <paramref name="below"/>, that one excluded; 0 for 0.</summary>
    public int Next(int below) => below <= 0 ? 0 : (int)(Next() % (ulong)below);

    public bool OneIn(int times) => Next(times) == 0;
}
